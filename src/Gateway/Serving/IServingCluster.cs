using Halo.Inference.Tokenization;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>What the gateway needs of the boards that do the work.</summary>
internal interface IServingCluster : IAsyncDisposable
{
    /// <summary>Calls their grains.</summary>
    IGrainFactory Grains { get; }

    /// <summary>The tokenizer of a model that is ready.</summary>
    ITokenizer TokenizerOf(string model);
}

/// <summary>Starts the boards.</summary>
internal delegate Task<IServingCluster> ClusterStarter(CancellationToken cancellationToken);
