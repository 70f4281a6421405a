namespace Orleans.Configuration;

/// <summary>As upstream: when idle activations go.</summary>
public class GrainCollectionOptions
{
    /// <summary>How often idle activations are looked for; default 1 min.</summary>
    public TimeSpan CollectionQuantum { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long an activation stays without requests, and a stream without its consumer; default 15 min.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long deactivation may take before it is given up; default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
