using System.Collections.Concurrent;
using Halo.Boards.Control;
using Halo.Boards.Remote;
using Halo.Boards.Weights;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams.Sessions;
using Halo.Inference.Model;
using Halo.Inference.Model.Pieces;
using Halo.Inference.Quantization;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;
using Microsoft.Extensions.Logging;

namespace Halo.Boards.Peers;

/// <summary>
/// The board of this process in a cluster of silos. Weights of models whose file is here are read from it; of others they are asked of the plan's
/// head board, and kept on the disk.
/// </summary>
public sealed class SiloBoard : IBoard, IAsyncDisposable
{
    private const int PiecesAtOnce = 2; // one travels while the next is cut

    private readonly Board _board;
    private readonly ModelCatalog _models;
    private readonly WeightServer _weights;
    private readonly PeerBoards _peers;
    private readonly ConcurrentDictionary<string, PieceSource> _from = new(); // by model: where its pieces come from
    private readonly SemaphoreSlim _pieces = new(PiecesAtOnce, PiecesAtOnce); // never disposed of: who waits then would wait for good

    /// <param name="board">The board; owned from here on.</param>
    /// <param name="cores">Compute threads.</param>
    /// <param name="models">The models whose files are here.</param>
    /// <param name="weights">What this process gives of them.</param>
    /// <param name="sources">Keeps pieces of the others; owned from here on.</param>
    /// <param name="peers">The other boards.</param>
    /// <param name="listener">Takes streams of other boards.</param>
    /// <param name="udpPort">The board's port for datagrams.</param>
    /// <param name="log">Where sessions and pieces are told.</param>
    /// <param name="onSessionEnded">Called with the head board's name when a session that this board followed has ended, whatever the reason.</param>
    public SiloBoard(
        Board board, int cores, ModelCatalog models, WeightServer weights, ModelSources sources, PeerBoards peers, StreamListener listener,
        UdpPort udpPort, ILogger log, Action<string> onSessionEnded)
    {
        _board = board;
        Cores = cores;
        _models = models;
        _weights = weights;
        _peers = peers;
        Shares = new BoardShares(board, cores, udpPort, sources, listener, log, onSessionEnded);
    }

    /// <inheritdoc/>
    public BoardProfile Profile => _board.Profile;

    /// <inheritdoc/>
    public int Cores { get; }

    /// <summary>Where sessions ask for it, partial sums go through grains by this; set once the silo can call grains.</summary>
    public SumsThroughGrains? ThroughGrains
    {
        get => Shares.ThroughGrains;
        set => Shares.ThroughGrains = value;
    }

    /// <summary>What it holds of models whose files are elsewhere, and the sessions it follows.</summary>
    internal BoardShares Shares { get; }

    private string Name => _board.Name;

    /// <inheritdoc/>
    public Task<ShareStatistics> GetStatisticsAsync(string model) => Task.FromResult(Shares.Statistics(model));

    /// <inheritdoc/>
    public Task<SessionLinks> GetLinksAsync(string model) => Task.FromResult(Shares.Links(model));

    /// <inheritdoc/>
    public async Task PrepareAsync(Plan plan)
    {
        ModelOffer? offer = plan.HeadBoard == Name ? null : await AskAsync(plan);
        if (_models.Contains(plan.Model))
        {
            await CheckFileAsync(plan, offer);
            _board.Model(_models.Open(plan.Model)).Prepare(plan);
            return;
        }

        await TakeOfferAsync(plan, offer ?? throw new StepException($"Board {Name} cannot be the head board of {plan.Model}: it has no file of it."));
        Shares.Prepare(plan);
    }

    /// <inheritdoc/>
    public Task CommitAsync(string model, int version)
    {
        Shares.Share(model).Commit(version);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RetireAsync(string model)
    {
        Shares.Share(model).Retire();
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task AbandonAsync(string model, int version)
    {
        if (_models.Contains(model))
        {
            _board.Model(_models.Open(model)).Abandon(version);
        }
        else if (_from.ContainsKey(model))
        {
            Shares.Abandon(model, version);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async Task<bool> RegisterAsync(string model, ShardSlice slice)
    {
        if (_models.Contains(model))
        {
            return await Task.Run(() => Shares.Share(model).Register(slice));
        }

        while (true)
        {
            RegisterAnswer answer = await Task.Run(() => Shares.Register(model, slice));
            if (answer.Registered)
            {
                return answer.Loaded;
            }

            await Task.WhenAll(answer.Missing.Select(piece => FetchAsync(model, piece)));
        }
    }

    /// <inheritdoc/>
    public Task UnregisterAsync(string model, ShardSlice slice, bool untilRetired)
    {
        Shares.Share(model).Unregister(slice, untilRetired);
        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<KvBlock>> ExportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvMark> known) =>
        Shares.Share(model).ExportKvAsync(slice, known);

    /// <inheritdoc/>
    public Task<IReadOnlyList<KvMark>> ImportKvAsync(string model, ShardSlice slice, IReadOnlyList<KvBlock> blocks) =>
        Shares.Share(model).ImportKvAsync(slice, blocks);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Shares.DisposeAsync();

    /// <summary>What other boards must know of a model whose file is here.</summary>
    internal async Task<ModelOffer> MakeOfferAsync(string name)
    {
        Check(name);
        LoadedModel model = _models.Open(name);
        return new ModelOffer(name, (await _weights.ManifestAsync(name)).ToJson(), model.Profile, model.Limits);
    }

    /// <summary>A piece of the weights of a model whose file is here.</summary>
    internal Task<byte[]> CutAsync(string model, string piece)
    {
        Check(model);
        return _weights.CutAsync(model, piece);
    }

    private void Check(string model)
    {
        if (!_models.Contains(model))
        {
            throw new StepException($"Board {Name} has no file of {model}.");
        }
    }

    private PeerBoard Head(string board) => _peers.Reach(board)
        ?? throw new BoardLostException(board, $"Board {board}, the head board, has no silo now.");

    private async Task<ModelOffer> AskAsync(Plan plan)
    {
        try
        {
            return await Head(plan.HeadBoard).OfferAsync(plan.Model);
        }
        catch (InvalidOperationException fault) when (fault.InnerException is ControlException { Fault: ControlFault.KeysDiffer })
        {
            throw new BoardUnfitException($"Board {Name} has another cluster key than the head board {plan.HeadBoard}: give both the same key file.");
        }
    }

    // Two files under one name would give no error, but nonsense; two types of KV one only when KV moves.
    private async Task CheckFileAsync(Plan plan, ModelOffer? offer)
    {
        if (offer is not null && ModelManifest.FromJson(offer.Manifest).Sha256 != (await _weights.ManifestAsync(plan.Model)).Sha256)
        {
            throw new BoardUnfitException(
                $"Board {Name} has another file under the name {plan.Model} than the head board {plan.HeadBoard}: give both the same file, or start {Name} without it.");
        }

        if (offer is not null)
        {
            CheckKvType(plan, offer, _models.Open(plan.Model).Limits.KvType);
        }
    }

    private void CheckKvType(Plan plan, ModelOffer offer, KvType own)
    {
        if (offer.Limits.KvType != own)
        {
            throw new BoardUnfitException(
                $"Board {Name} keeps KV in {own} and the head board {plan.HeadBoard} in {offer.Limits.KvType}: start both with the same --kv-type.");
        }
    }

    // Pieces of two files make no model.
    private async Task TakeOfferAsync(Plan plan, ModelOffer offer)
    {
        PieceSource source = new(plan.HeadBoard, ModelManifest.FromJson(offer.Manifest).Sha256, offer.Limits.KvType);
        if (_from.TryGetValue(plan.Model, out PieceSource? before) && before.Sha256 != source.Sha256)
        {
            throw new BoardUnfitException(
                $"Board {source.Board} has another file under the name {plan.Model} than board {before.Board}, whose weights board {Name} holds: "
                + $"give all boards the same file; if it is to be the one of {source.Board}, start {Name} again.");
        }

        if (before is not null)
        {
            CheckKvType(plan, offer, before.KvType);
        }

        await Shares.OfferAsync(offer, CancellationToken.None);
        _from[plan.Model] = source;
    }

    private async Task FetchAsync(string model, string piece)
    {
        await _pieces.WaitAsync();
        try
        {
            ReadOnlyMemory<byte> bytes = await Head(_from[model].Board).CutAsync(model, piece);
            using MemoryStream content = new(bytes.ToArray(), writable: false);
            await Shares.StoreAsync(model, piece, content, CancellationToken.None);
        }
        finally
        {
            _pieces.Release();
        }
    }

    private sealed record PieceSource(string Board, string Sha256, KvType KvType);
}
