using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;

namespace Orleans.TestingHost;

/// <summary>A logical silo and its host.</summary>
public sealed class InProcessSiloHandle : IAsyncDisposable
{
    internal InProcessSiloHandle(string name, IHost host)
    {
        Name = name;
        SiloHost = host;
        SiloAddress = host.Services.GetRequiredService<ILocalSiloDetails>().SiloAddress;
    }

    /// <summary>The name.</summary>
    public string Name { get; }

    /// <summary>The host.</summary>
    public IHost SiloHost { get; }

    /// <summary>The address.</summary>
    public SiloAddress SiloAddress { get; }

    /// <summary>The services of the silo.</summary>
    public IServiceProvider ServiceProvider => SiloHost.Services;

    /// <summary>Whether the silo runs.</summary>
    public bool IsActive { get; private set; } = true;

    /// <summary>Stops the silo, gracefully or by a kill.</summary>
    public async Task StopSiloAsync(bool stopGracefully)
    {
        if (!IsActive)
        {
            return;
        }

        IsActive = false;
        await SiloHost.StopAsync(new CancellationToken(canceled: !stopGracefully));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopSiloAsync(stopGracefully: true);
        await ((IAsyncDisposable)SiloHost).DisposeAsync();
    }

    /// <inheritdoc/>
    public override string ToString() => SiloAddress.ToString();
}
