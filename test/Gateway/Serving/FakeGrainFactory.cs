using System.Reflection;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>Hands out a <see cref="FakeCluster"/>'s grains. A proxy, since the interface has many more members on one engine than on the other.</summary>
public class FakeGrainFactory : DispatchProxy
{
    private FakeCluster? _cluster;

    internal static IGrainFactory Of(FakeCluster cluster)
    {
        IGrainFactory factory = Create<IGrainFactory, FakeGrainFactory>();
        ((FakeGrainFactory)factory)._cluster = cluster;
        return factory;
    }

    /// <inheritdoc/>
    protected override object? Invoke(MethodInfo? targetMethod, object?[]? args) =>
        targetMethod is { Name: nameof(IGrainFactory.GetGrain), IsGenericMethod: true }
            ? _cluster!.Grain(targetMethod.GetGenericArguments()[0], (string)args![0]!)
            : throw new NotSupportedException(targetMethod?.Name);
}
