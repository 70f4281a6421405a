namespace Orleans.Runtime;

/// <summary>Makes references and sends their calls, for one silo or for a client.</summary>
internal sealed class GrainFactory(EmbeddedCluster cluster, LogicalSilo? silo) : IClusterClient
{
    internal LogicalSilo? Silo => silo;

    public TGrainInterface GetGrain<TGrainInterface>(string primaryKey)
        where TGrainInterface : IGrainWithStringKey
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(primaryKey);
        GrainId grainId = new(cluster.GrainTypes.TypeFor(typeof(TGrainInterface)), primaryKey);
        return (TGrainInterface)(object)GrainReference.Create(typeof(TGrainInterface), grainId, this);
    }

    internal void Send(GrainId target, Request request)
    {
        if (silo?.Status == SiloStatus.Dead)
        {
            request.Fail(new SiloUnavailableException($"{silo.Name} has ended and sends no more requests."));
        }
        else if (!request.IsDone)
        {
            cluster.Deliver(target, request);
        }
    }
}
