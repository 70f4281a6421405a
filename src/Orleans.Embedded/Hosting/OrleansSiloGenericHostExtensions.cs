using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Microsoft.Extensions.Hosting;

/// <summary>Makes a host the host of one silo.</summary>
public static class OrleansSiloGenericHostExtensions
{
    /// <summary>Adds a silo; called again, configures the same silo further.</summary>
    public static IHostApplicationBuilder UseOrleans(this IHostApplicationBuilder hostAppBuilder, Action<ISiloBuilder> configureDelegate)
    {
        configureDelegate(AddOrleansCore(hostAppBuilder.Services, hostAppBuilder.Configuration));
        return hostAppBuilder;
    }

    /// <summary>Adds a silo; called again, configures the same silo further.</summary>
    public static IHostBuilder UseOrleans(this IHostBuilder hostBuilder, Action<ISiloBuilder> configureDelegate) =>
        hostBuilder.ConfigureServices((context, services) => configureDelegate(AddOrleansCore(services, context.Configuration)));

    private static SiloBuilder AddOrleansCore(IServiceCollection services, IConfiguration configuration)
    {
        if (services.Any(service => service.ServiceType == typeof(LogicalSilo)))
        {
            return new SiloBuilder(services, configuration);
        }

        services.AddLogging();
        services.AddOptions();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<EmbeddedCluster>();
        services.AddSingleton<LogicalSilo>();
        services.AddSingleton<ILocalSiloDetails>(provider => provider.GetRequiredService<LogicalSilo>());
        services.AddSingleton<ISiloStatusOracle>(provider => provider.GetRequiredService<LogicalSilo>());
        services.AddSingleton<IClusterClient>(provider => new GrainFactory(
            provider.GetRequiredService<EmbeddedCluster>(),
            provider.GetRequiredService<LogicalSilo>(),
            provider,
            provider.GetRequiredService<IOptions<SiloMessagingOptions>>().Value.ResponseTimeout));
        services.AddSingleton<IGrainFactory>(provider => provider.GetRequiredService<IClusterClient>());
        services.AddTransient<IGrainContext>(_ => RuntimeContext.Current
            ?? throw new InvalidOperationException("There is a grain context inside a grain's turn only."));
        services.AddPlacementDirector<RandomPlacement, RandomPlacementDirector>();
        services.AddPlacementDirector<PreferLocalPlacement, PreferLocalPlacementDirector>();
        services.AddHostedService<SiloHostedService>();
        return new SiloBuilder(services, configuration);
    }
}

internal sealed class SiloHostedService(LogicalSilo silo) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => silo.StartAsync(cancellationToken);

    /// <summary>A token that is cancelled from the start means a kill, as upstream's test host does it.</summary>
    public Task StopAsync(CancellationToken cancellationToken)
    {
        if (!cancellationToken.IsCancellationRequested)
        {
            return silo.StopAsync(cancellationToken);
        }

        silo.Kill();
        return Task.CompletedTask;
    }
}
