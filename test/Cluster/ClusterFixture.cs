using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime.MembershipService.SiloMetadata;
using Orleans.Serialization;
using Orleans.TestingHost;

namespace Halo.Cluster.Tests;

/// <summary>Two silos: the composition, and the only file that knows how a cluster is started.</summary>
public class ClusterFixture : IAsyncLifetime
{
    public InProcessTestCluster Cluster { get; private set; } = null!;

    public IGrainFactory Client => Cluster.Client;

    public Signals Signals { get; } = new();

    public PlacementPlan Plan { get; } = new();

    public async Task InitializeAsync()
    {
        InProcessTestClusterBuilder builder = new(2);
        builder.ConfigureHost(host => AddServices(host.Services.AddSingleton(Signals).AddSingleton(Plan)));
        builder.ConfigureSilo((options, silo) =>
        {
            silo.Services.Configure<GrainCollectionOptions>(SetCollection);
            silo.Services.Configure<ExceptionSerializationOptions>(exceptions => exceptions.SupportedNamespacePrefixes.Add("Halo."));
            silo.UseSiloMetadata(new Dictionary<string, string> { ["silo"] = options.SiloName });
            silo.AddPlacementDirector<PlanPlacement, PlanPlacementDirector>();
        });
        Cluster = builder.Build();
        await Cluster.DeployAsync();
    }

    public async Task DisposeAsync() => await Cluster.DisposeAsync();

    /// <summary>A grain of its own for each caller, on the first silo or the one named.</summary>
    public IProbeGrain NewProbe(string prefix = "probe", string siloName = "Silo_0") => New<IProbeGrain>(prefix, siloName);

    /// <summary>As <see cref="NewProbe"/>, of another kind.</summary>
    public T New<T>(string prefix = "grain", string siloName = "Silo_0")
        where T : IGrainWithStringKey
    {
        string key = $"{prefix}-{Guid.NewGuid():N}";
        Plan.SiloByGrain[key] = siloName;
        return Client.GetGrain<T>(key);
    }

    public InProcessSiloHandle Silo(string name) => Cluster.Silos.Single(silo => silo.Name == name);

    protected virtual void SetCollection(GrainCollectionOptions collection) => collection.CollectionAge = TimeSpan.FromMinutes(5);

    protected virtual void AddServices(IServiceCollection services)
    {
    }
}
