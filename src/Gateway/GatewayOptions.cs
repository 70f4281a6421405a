using Halo.Inference.Templates;
using Halo.Silo.Clustering;
using Halo.Silo.Engines;

namespace Halo.Gateway;

/// <summary>How the gateway serves: configuration section <c>Halo:Gateway</c>.</summary>
internal sealed class GatewayOptions
{
    /// <summary>Where these options are in the configuration.</summary>
    public const string SectionName = "Halo:Gateway";

    /// <summary>
    /// Completion requests at work at once, 1 to 100,000; default 256. More are answered 429. Low values refuse work that could share steps
    /// with what runs; high ones let a flood take memory and make everybody wait.
    /// </summary>
    public int MaxRequestsInFlight { get; set; } = 256;

    /// <summary>Largest body that is read, in bytes, 1,024 to 268,435,456; default 16 MB. Larger ones are answered 413.</summary>
    public int MaxBodyBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>How long a body may take to arrive, 1 second to 1 hour; default 1 minute. Slower ones are answered 408.</summary>
    public TimeSpan BodyDeadline { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// A stream with nothing to say for so long sends a comment, 100 ms to 1 hour; default 15 seconds. Longer than the patience of a proxy
    /// in between, and that one ends streams which wait for their turn.
    /// </summary>
    public TimeSpan StreamHeartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Not ready when no step ended for so long though sequences are running, 1 second to 1 day; default 1 minute. A step on a slow network
    /// must fit in it.
    /// </summary>
    public TimeSpan StallDeadline { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// A model that does not fit or failed while boards of other processes take part is tried again after so long, 100 ms to 1 hour; default
    /// 2 seconds. A service that is started before its boards becomes ready by this.
    /// </summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// Serves a cluster of silos in other processes instead of boards in this one: where its membership is kept, as
    /// <see cref="MembershipStore.Parse"/> reads it; null for boards in this process.
    /// </summary>
    public string? Cluster { get; set; }

    /// <summary>The cluster's name there; default <c>halo</c>.</summary>
    public string ClusterId { get; set; } = "halo";

    /// <summary>
    /// How conversations are written for all models, one of <see cref="NamedTemplates.Names"/>; null for each model's own chat template. For models whose
    /// file has none.
    /// </summary>
    public string? ChatTemplate { get; set; }

    /// <summary>Where the server itself stops reading a body, in bytes: what is above <see cref="MaxBodyBytes"/> is read to be thrown away.</summary>
    public long MaxDrainedBytes => 4L * MaxBodyBytes;

    /// <summary>All faults, each with the value found and what is needed; empty when there are none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        Check(faults, nameof(MaxRequestsInFlight), MaxRequestsInFlight, 1, 100_000);
        Check(faults, nameof(MaxBodyBytes), MaxBodyBytes, 1024, 256 * 1024 * 1024);
        Check(faults, nameof(BodyDeadline), BodyDeadline, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Check(faults, nameof(StreamHeartbeat), StreamHeartbeat, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        Check(faults, nameof(StallDeadline), StallDeadline, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        CheckCluster(faults);
        if (ChatTemplate is not null && !NamedTemplates.Names.Contains(ChatTemplate))
        {
            faults.Add($"Gateway:{nameof(ChatTemplate)} is {ChatTemplate}; it must be one of {string.Join(", ", NamedTemplates.Names)}.");
        }

        Check(faults, nameof(RetryInterval), RetryInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        return faults;
    }

    private void CheckCluster(List<string> faults)
    {
        try
        {
            if (Cluster is not null)
            {
                MembershipStore.Parse(Cluster);
                faults.AddRange(GrainEngine.ClusterFault is { } fault ? [fault] : []);
            }
        }
        catch (MembershipStoreException fault)
        {
            faults.Add($"Gateway:{nameof(Cluster)} cannot be used: {fault.Message}");
        }
    }

    private static void Check<T>(List<string> faults, string name, T found, T least, T most)
        where T : IComparable<T>
    {
        if (found.CompareTo(least) < 0 || found.CompareTo(most) > 0)
        {
            faults.Add($"Gateway:{name} is {found}; it must be {least} to {most}.");
        }
    }
}
