using System.Reflection;

namespace Orleans.Runtime;

/// <summary>Makes references and sends their calls, for one silo or for a client.</summary>
internal sealed class GrainFactory(EmbeddedCluster cluster, LogicalSilo? silo, IServiceProvider services, TimeSpan responseTimeout)
    : IClusterClient
{
    public IServiceProvider ServiceProvider => services;

    internal LogicalSilo? Silo => silo;

    internal TimeSpan ResponseTimeout => responseTimeout;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey, string? grainClassNamePrefix = null)
        where TGrainInterface : IGrainWithStringKey =>
        (TGrainInterface)(object)Create(typeof(TGrainInterface), primaryKey, grainClassNamePrefix);

    public IGrain GetGrain(Type grainInterfaceType, string grainPrimaryKey) =>
        (IGrain)(object)Create(grainInterfaceType, grainPrimaryKey, null);

    public TGrainInterface GetGrain<TGrainInterface>(GrainId grainId)
        where TGrainInterface : IAddressable =>
        (TGrainInterface)(object)GrainReference.Create(typeof(TGrainInterface), grainId, this);

    internal object? Invoke(GrainId target, MethodInfo method, object?[] arguments) =>
        GrainMethod.Of(method).Call(this, target, arguments);

    internal void Send(GrainId target, Turn turn)
    {
        if (silo?.CurrentStatus == SiloStatus.Dead)
        {
            turn.Fail(new SiloUnavailableException($"{silo.Name} has ended and sends no more requests."));
            return;
        }

        cluster.Deliver(target, turn);
    }

    private GrainReference Create(Type interfaceType, string key, string? classNamePrefix)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(key);
        return GrainReference.Create(interfaceType, GrainId.Create(GrainTypeMap.TypeFor(interfaceType, classNamePrefix), key), this);
    }
}
