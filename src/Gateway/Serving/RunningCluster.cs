using Halo.Gateway.Endpoints;

namespace Halo.Gateway.Serving;

/// <summary>The cluster while it runs. Written by <see cref="ClusterService"/>, read by requests.</summary>
internal sealed class RunningCluster
{
    private volatile IServingCluster? _cluster;
    private volatile string _absence = "The service is still starting.";

    /// <summary>The cluster.</summary>
    /// <exception cref="ApiException">It does not run; the message says why.</exception>
    public IServingCluster Current => _cluster ?? throw ApiException.NotRunning(_absence);

    /// <summary>The cluster; null while it does not run.</summary>
    public IServingCluster? Running => _cluster;

    /// <summary>The cluster runs.</summary>
    public void Set(IServingCluster cluster) => _cluster = cluster;

    /// <summary>The cluster does not run any more, or never did.</summary>
    public void Clear(string absence)
    {
        _absence = absence;
        _cluster = null;
    }

    /// <summary>A board of another process asks to be taken in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instance">Its process.</param>
    /// <param name="address">Its control endpoint.</param>
    /// <returns>Null where it is in service now, else why not.</returns>
    public Task<string?> JoinAsync(string name, string instance, Uri address) =>
        _cluster?.JoinAsync(name, instance, address) ?? Task.FromResult<string?>(_absence);
}
