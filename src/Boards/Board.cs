using Halo.Boards.Weights;
using Halo.Planning.Profiles;

namespace Halo.Boards;

/// <summary>One device of the cluster: what it can do, and its share of each model.</summary>
public sealed class Board : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, BoardModel> _models = [];

    /// <param name="profile">Name, speed and memory.</param>
    /// <param name="streaming">How weights are streamed that do not fit the memory; null refuses plans by which they do not fit.</param>
    public Board(BoardProfile profile, BoardStreaming? streaming = null)
    {
        Profile = profile with { Streams = streaming is not null };
        Streaming = streaming;
    }

    /// <summary>Name, speed and memory.</summary>
    public BoardProfile Profile { get; }

    /// <summary>How weights are streamed that do not fit the memory; null where they must fit.</summary>
    public BoardStreaming? Streaming { get; }

    /// <summary>The board's name.</summary>
    public string Name => Profile.Name;

    /// <summary>This board's share of a model; made empty when it is first asked for.</summary>
    public BoardModel Model(LoadedModel model) =>
        Model(model.Name, () => new BoardModel(
            Name, model.Name, model.Weights, model.Profile, model.Limits, Profile.MemoryBytes, Streaming is null ? null : () => Streaming.Open(model)));

    /// <summary>This board's share of a model, wherever its weights come from.</summary>
    /// <param name="name">The name under which the model is served.</param>
    /// <param name="create">Makes the share when it is first asked for; the board disposes it.</param>
    public BoardModel Model(string name, Func<BoardModel> create)
    {
        lock (_gate)
        {
            if (!_models.TryGetValue(name, out BoardModel? share))
            {
                share = create();
                _models.Add(name, share);
            }

            return share;
        }
    }

    /// <summary>This board's shares of all models, by model name.</summary>
    public IReadOnlyDictionary<string, BoardModel> Models
    {
        get
        {
            lock (_gate)
            {
                return new Dictionary<string, BoardModel>(_models);
            }
        }
    }

    /// <summary>Gives up its shares of all models. No step may be under way.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            foreach (BoardModel model in _models.Values)
            {
                model.Dispose();
            }

            _models.Clear();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();
}
