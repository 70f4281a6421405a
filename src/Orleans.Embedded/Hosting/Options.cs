#pragma warning disable CA1707 // Upstream's names.
namespace Orleans.Configuration;

/// <summary>Identity of a cluster.</summary>
public class ClusterOptions
{
    /// <summary>The cluster; default <c>default</c>.</summary>
    public string ClusterId { get; set; } = "default";

    /// <summary>The service; default <c>default</c>.</summary>
    public string ServiceId { get; set; } = "default";
}

/// <summary>Identity of a silo.</summary>
public class SiloOptions
{
    /// <summary>The name; one is made up if it is not given.</summary>
    public string SiloName { get; set; } = "";
}

/// <summary>Messages of clients and silos.</summary>
public abstract class MessagingOptions
{
    /// <summary>How long a caller waits for an answer before it gets a <see cref="TimeoutException"/>; default 30 s.</summary>
    public TimeSpan ResponseTimeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>Messages of a silo.</summary>
public class SiloMessagingOptions : MessagingOptions;

/// <summary>Messages of a client.</summary>
public class ClientMessagingOptions : MessagingOptions;

/// <summary>When idle activations go.</summary>
public class GrainCollectionOptions
{
    /// <summary>The default quantum: one minute.</summary>
    public static readonly TimeSpan DEFAULT_COLLECTION_QUANTUM = TimeSpan.FromMinutes(1);

    /// <summary>How often idle activations are looked for; default 1 min.</summary>
    public TimeSpan CollectionQuantum { get; set; } = DEFAULT_COLLECTION_QUANTUM;

    /// <summary>How long an activation stays without requests, unless its class says otherwise; default 15 min.</summary>
    public TimeSpan CollectionAge { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>The collection age by full class name.</summary>
    public Dictionary<string, TimeSpan> ClassSpecificCollectionAge { get; set; } = [];

    /// <summary>How long deactivation may take before it is given up; default 30 s.</summary>
    public TimeSpan DeactivationTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
