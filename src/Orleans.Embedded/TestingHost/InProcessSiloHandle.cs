using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>As upstream: a logical silo of the cluster.</summary>
public sealed class InProcessSiloHandle
{
    private readonly ServiceProvider _services;

    internal InProcessSiloHandle(ServiceProvider services)
    {
        _services = services;
        Silo = services.GetRequiredService<LogicalSilo>();
        Silo.Start();
    }

    /// <summary>The name.</summary>
    public string Name => Silo.Name;

    /// <summary>The address.</summary>
    public SiloAddress SiloAddress => Silo.SiloAddress;

    /// <summary>The services of the silo.</summary>
    public IServiceProvider ServiceProvider => _services;

    internal LogicalSilo Silo { get; }

    internal async Task EndAsync(bool gracefully)
    {
        if (gracefully)
        {
            await Silo.StopAsync();
        }

        Silo.Kill();
        await _services.DisposeAsync();
    }
}
