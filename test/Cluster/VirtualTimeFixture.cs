using Microsoft.Extensions.DependencyInjection;

namespace Halo.Cluster.Tests;

/// <summary>
/// Two silos on virtual time. Upstream reads the system's clock beside its <see cref="TimeProvider"/> and cannot live on virtual time.
/// </summary>
public sealed class VirtualTimeFixture : ClusterFixture
{
    public VirtualTime Time { get; } = new();

    protected override void AddServices(IServiceCollection services) => services.AddSingleton<TimeProvider>(Time);
}
