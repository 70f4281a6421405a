using Halo.Inference.Templates;
using Halo.Inference.Tokenization;
using Halo.Silo.Membership;
using Orleans;

namespace Halo.Gateway.Serving;

/// <summary>What the gateway needs of the boards that do the work.</summary>
internal interface IServingCluster : IAsyncDisposable
{
    /// <summary>Calls their grains.</summary>
    IGrainFactory Grains { get; }

    /// <summary>Whether boards come and go by themselves: a model that does not fit now may fit later.</summary>
    bool BoardsMayCome { get; }

    /// <summary>Whether models come by themselves.</summary>
    bool ModelsMayCome { get; }

    /// <summary>The models' names.</summary>
    IReadOnlyList<string> ModelNames { get; }

    /// <summary>All boards, those of this process first.</summary>
    IReadOnlyList<BoardView> Boards { get; }

    /// <summary>Ends when a silo of another process is lost, after which this is another task; never where all are here.</summary>
    Task SiloLost { get; }

    /// <summary>Takes in the boards that the user named; those that do not answer are tried on and on.</summary>
    /// <returns>Those that are not in service after some seconds, with the reason.</returns>
    Task<IReadOnlyList<BoardView>> ConnectAsync(CancellationToken cancellationToken);

    /// <summary>A board of another process asks to be taken in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instance">Its process.</param>
    /// <param name="address">Its control endpoint.</param>
    /// <returns>Null where it is in service now, else why not.</returns>
    Task<string?> JoinAsync(string name, string instance, Uri address);

    /// <summary>Whether steps of a model start on a board.</summary>
    bool IsHead(BoardView board);

    /// <summary>The tokenizer of a model that is ready; null where it is in another process.</summary>
    ITokenizer? TokenizerOf(string model);

    /// <summary>The chat template of a model that is ready; null where its file has none, or is in another process.</summary>
    /// <exception cref="TemplateException">It cannot be used.</exception>
    ChatTemplate? TemplateOf(string model);
}

/// <summary>Starts the boards.</summary>
internal delegate Task<IServingCluster> ClusterStarter(CancellationToken cancellationToken);
