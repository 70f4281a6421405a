using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;

namespace Orleans.Hosting;

/// <summary>Adds tasks that run when the silo has become active.</summary>
public static class SiloBuilderStartupExtensions
{
    /// <summary>Adds a task made from the silo's services.</summary>
    public static ISiloBuilder AddStartupTask<TStartup>(this ISiloBuilder builder)
        where TStartup : class, IStartupTask =>
        builder.AddStartupTask((services, cancellationToken) =>
            ActivatorUtilities.GetServiceOrCreateInstance<TStartup>(services).Execute(cancellationToken));

    /// <summary>Adds a task.</summary>
    public static ISiloBuilder AddStartupTask(
        this ISiloBuilder builder, Func<IServiceProvider, CancellationToken, Task> startupTask) =>
        builder.ConfigureServices(services => services.AddSingleton(new StartupTask(startupTask)));
}

internal sealed record StartupTask(Func<IServiceProvider, CancellationToken, Task> Execute);
