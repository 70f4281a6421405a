namespace Orleans;

/// <summary>As upstream: gives references to grains; the grain itself is activated by the first request.</summary>
public interface IGrainFactory
{
    /// <summary>A reference to the grain with this key.</summary>
    TGrainInterface GetGrain<TGrainInterface>(string primaryKey)
        where TGrainInterface : IGrainWithStringKey;
}

/// <summary>As upstream: a grain factory outside the silos.</summary>
public interface IClusterClient : IGrainFactory;
