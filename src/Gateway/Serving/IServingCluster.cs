using Halo.Inference.Tokenization;
using Halo.Silo.Membership;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>What the gateway needs of the boards that do the work.</summary>
internal interface IServingCluster : IAsyncDisposable
{
    /// <summary>Calls their grains.</summary>
    IGrainFactory Grains { get; }

    /// <summary>The name of the board where steps start.</summary>
    string HeadBoard { get; }

    /// <summary>All boards, those of this process first.</summary>
    IReadOnlyList<BoardView> Boards { get; }

    /// <summary>Takes in the boards that the user named; those that do not answer are tried on and on.</summary>
    /// <returns>Those that are not in service after some seconds, with the reason.</returns>
    Task<IReadOnlyList<BoardView>> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>A board of another process asks to be taken in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instance">Its process.</param>
    /// <param name="address">Its control endpoint.</param>
    /// <returns>Null where it is in service now, else why not.</returns>
    Task<string?> JoinAsync(string name, string instance, Uri address);

    /// <summary>The tokenizer of a model that is ready.</summary>
    ITokenizer TokenizerOf(string model);
}

/// <summary>Starts the boards.</summary>
internal delegate Task<IServingCluster> ClusterStarter(CancellationToken cancellationToken);
