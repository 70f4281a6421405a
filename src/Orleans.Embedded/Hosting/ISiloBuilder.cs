using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime;
using Orleans.Runtime.Placement;

namespace Orleans.Hosting;

/// <summary>As upstream: composes a silo.</summary>
public interface ISiloBuilder
{
    /// <summary>The services of the silo.</summary>
    IServiceCollection Services { get; }
}

/// <summary>As upstream: ties placement strategies to their directors.</summary>
public static class PlacementStrategyExtensions
{
    /// <summary>Lets <typeparamref name="TDirector"/> place grains of <typeparamref name="TStrategy"/>.</summary>
    public static ISiloBuilder AddPlacementDirector<TStrategy, TDirector>(this ISiloBuilder builder)
        where TStrategy : PlacementStrategy, new()
        where TDirector : class, IPlacementDirector
    {
        builder.Services.AddKeyedSingleton<IPlacementDirector, TDirector>(typeof(TStrategy));
        return builder;
    }
}

internal sealed record SiloBuilder(IServiceCollection Services) : ISiloBuilder;
