using Halo.Boards.Steps;
using Halo.Boards.Weights;
using Halo.Fabric.Transport;
using Halo.Inference.Model;
using Halo.Inference.Model.Streaming;
using Halo.Inference.Threading;
using Halo.Planning;
using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Boards;

/// <summary>
/// One board's share of one model: the shards that grains registered here, the plans it knows, and its KV. Shards come and go on grain
/// threads; the step thread takes the table of the committed plan. Everything that would disturb a step waits for its end.
/// </summary>
public sealed class BoardModel : IDisposable
{
    private readonly object _gate = new();
    private readonly Dictionary<ShardSlice, HeldShard> _shards = [];
    private readonly Dictionary<int, Plan> _plans = [];
    private readonly StepBoundary _boundary;
    private readonly string _name;
    private readonly IShardSource _source;
    private readonly ModelProfile _profile;
    private readonly StepLimits _limits;
    private readonly long _memoryBytes;
    private readonly Func<StreamedWeights?>? _openStreamed;
    private readonly KvBlockPool _pool;
    private StreamedWeights? _streamed; // once a plan did not fit the memory
    private LayerWalk? _walk;
    private ShardTable? _table; // of the committed plan; null when shards or plan changed
    private int _committed;
    private ITransport? _transport; // of the latest step threads; it may have ended
    private bool _disposed;

    /// <summary>A share without plans or shards.</summary>
    /// <param name="board">The board's name.</param>
    /// <param name="model">The name under which the model is served.</param>
    /// <param name="source">Where shards come from; it must outlive the share, which does not dispose it.</param>
    /// <param name="profile">The model's sizes, against which plans are checked.</param>
    /// <param name="limits">Sizes of a step.</param>
    /// <param name="memoryBytes">Memory that the board has, in bytes.</param>
    /// <param name="openStreamed">
    /// Makes the source of shards that are streamed, which this share disposes, once a plan does not fit the memory; null, or one that returns null,
    /// refuses such plans.
    /// </param>
    public BoardModel(
        string board, string model, IShardSource source, ModelProfile profile, StepLimits limits, long memoryBytes,
        Func<StreamedWeights?>? openStreamed = null)
    {
        Board = board;
        _name = model;
        _source = source;
        _profile = profile;
        _limits = limits;
        _memoryBytes = memoryBytes;
        _openStreamed = openStreamed;
        _boundary = new StepBoundary(_gate);
        _pool = new KvBlockPool(source.Config.HeadDim, maxBlocks: 0, limits.KvType);
    }

    /// <summary>The board's name.</summary>
    public string Board { get; }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config => _source.Config;

    /// <summary>How large the fabric must be for steps of this model.</summary>
    /// <param name="boardCount">Boards of the plan.</param>
    public FabricSize FabricSize(int boardCount) => FabricSizes.Of(_source.Config, _limits, boardCount);

    /// <summary>All figures of this share in one.</summary>
    public ShareStatistics Statistics => new(ShardCount, SequenceCount, KvBytes, CopiedBytes, 0, CommittedVersion) { Streaming = Volatile.Read(ref _streamed)?.Statistics };

    /// <summary>Shards registered here, those that only wait for their plan's retirement not counted.</summary>
    public int ShardCount
    {
        get
        {
            lock (_gate)
            {
                return _shards.Values.Count(held => !held.Leaving);
            }
        }
    }

    /// <summary>Sequences whose KV this board keeps.</summary>
    public int SequenceCount
    {
        get
        {
            lock (_gate)
            {
                return _walk?.Sequences.Count ?? 0;
            }
        }
    }

    /// <summary>Bytes of KV in use.</summary>
    public long KvBytes => _pool.RentedBlocks * _pool.BlockBytes;

    /// <summary>Bytes of weights that were copied out of the mapped model file.</summary>
    public long CopiedBytes
    {
        get
        {
            lock (_gate)
            {
                return _shards.Values.Sum(held => held.CopiedBytes);
            }
        }
    }

    /// <summary>The committed plan's version; 0 before the first.</summary>
    public int CommittedVersion
    {
        get
        {
            lock (_gate)
            {
                return _committed;
            }
        }
    }

    /// <summary>How this board is joined with those of other processes; set by whoever joins them, null where nobody does.</summary>
    public SessionInfo? Session { get; set; }

    /// <summary>What this board knows of its links right now. From any thread.</summary>
    public SessionLinks Links =>
        Volatile.Read(ref _transport) is { Failure: null } transport ? new SessionLinks(Session, transport.Statistics()) : SessionLinks.None;

    /// <summary>Where shards are streamed from, once a plan did not fit the memory; else null.</summary>
    public StreamedWeights? Streamed => Volatile.Read(ref _streamed);

    /// <summary>Blocks of KV that may be in use at once.</summary>
    internal long KvBlockLimit => _pool.Limit;

    internal LayerWalk Walk => _walk ?? throw new InvalidOperationException($"Board {Board} has no step thread for {_name}.");

    /// <summary>Takes note of a plan, after checking that this board can hold its part.</summary>
    /// <exception cref="PlanDoesNotFitException">The board's memory is too small; the message has the numbers.</exception>
    public void Prepare(Plan plan)
    {
        BoardMemory memory = BoardMemory.Of(plan, _profile, Board);
        if (!TryStream(plan, memory) && memory.Total > _memoryBytes)
        {
            throw new PlanDoesNotFitException(
                $"Board {Board} would need {memory.Total / 1e6:0.0} MB under plan {plan.Version} of {plan.Model} "
                + $"(weights {(memory.Attention + memory.FeedForward + memory.Vocabulary) / 1e6:0.0}, KV {memory.Kv / 1e6:0.0}, "
                + $"buffers {memory.Fixed / 1e6:0.0}) and has {_memoryBytes / 1e6:0.0} MB.");
        }

        lock (_gate)
        {
            _plans[plan.Version] = plan;
            _pool.Limit = Math.Max(_pool.Limit, KvBlocks(plan));
        }
    }

    // Once shards are streamed they stay so: a plan by which all fit keeps all of them in memory.
    private bool TryStream(Plan plan, BoardMemory memory)
    {
        if (_streamed is null && memory.Total <= _memoryBytes)
        {
            return false;
        }

        StreamedWeights? streamed = _streamed ?? _openStreamed?.Invoke();
        Volatile.Write(ref _streamed, streamed);
        long room = _memoryBytes - memory.Kv - memory.Fixed;
        if (streamed is null
            || (memory.Total > _memoryBytes && room < streamed.LeastBytes(plan.ShardsOf(Board).Select(assignment => ModelPieces.NameOf(assignment.Slice)))))
        {
            return false;
        }

        streamed.WeightBytes = room;
        return true;
    }

    /// <summary>Forgets a plan that was prepared and will not be committed.</summary>
    public void Abandon(int version)
    {
        lock (_gate)
        {
            if (version != _committed)
            {
                _plans.Remove(version);
            }
        }
    }

    /// <summary>Makes a prepared plan the one that steps run under. Called while no step is under way.</summary>
    public void Commit(int version)
    {
        lock (_gate)
        {
            if (!_plans.ContainsKey(version))
            {
                throw new StepException($"Board {Board} was not prepared for plan {version} of {_name}.");
            }

            _committed = version;
            _table = null;
        }
    }

    /// <summary>Forgets all plans before the committed one, and the shards that were kept for them alone.</summary>
    public void Retire()
    {
        lock (_gate)
        {
            foreach (int version in _plans.Keys.Where(version => version < _committed).ToList())
            {
                _plans.Remove(version);
            }

            foreach ((ShardSlice slice, HeldShard held) in _shards.Where(entry => entry.Value.Leaving).ToList())
            {
                Drop(slice, held);
            }

            if (_plans.TryGetValue(_committed, out Plan? plan))
            {
                _pool.Limit = KvBlocks(plan);
            }
        }
    }

    /// <summary>Loads a shard and registers it. Registering what is already here takes back its leaving.</summary>
    /// <returns>Whether it was loaded now; false where it was here, with its KV.</returns>
    public bool Register(ShardSlice slice)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_shards.TryGetValue(slice, out HeldShard? here))
            {
                here.Leaving = false;
                return false;
            }
        }

        HeldShard loaded = HeldShard.Load(_streamed ?? _source, slice, _pool, _limits.MaxSequences);
        lock (_gate)
        {
            if (_disposed || !_shards.TryAdd(slice, loaded))
            {
                loaded.Dispose();
                return false;
            }

            _table = null;
            return true;
        }
    }

    /// <summary>Takes a shard off the board.</summary>
    /// <param name="slice">The shard.</param>
    /// <param name="untilRetired">Keep it for the committed plan until that is retired: the shard's grain moved elsewhere.</param>
    public void Unregister(ShardSlice slice, bool untilRetired)
    {
        lock (_gate)
        {
            if (!_shards.TryGetValue(slice, out HeldShard? held))
            {
                return;
            }

            if (untilRetired)
            {
                held.Leaving = true;
            }
            else
            {
                Drop(slice, held);
            }
        }
    }

    /// <summary>Whether a shard is registered here.</summary>
    public bool Holds(ShardSlice slice)
    {
        lock (_gate)
        {
            return _shards.TryGetValue(slice, out HeldShard? held) && !held.Leaving;
        }
    }

    /// <summary>Writes out the KV of a shard: everything, or what a copy made earlier lacks.</summary>
    /// <param name="slice">The attention shard.</param>
    /// <param name="known">The copy's sequences with epoch and length, from <see cref="ImportKvAsync"/>; empty at first.</param>
    /// <returns>Blocks for every open sequence, also those to which nothing was added.</returns>
    public Task<IReadOnlyList<KvBlock>> ExportKvAsync(ShardSlice slice, IReadOnlyList<KvMark> known) =>
        _boundary.DoAsync(() => KvTransfer.Export(Attention(slice).Kv, Walk.Sequences, slice, known));

    /// <summary>Takes over KV that <see cref="ExportKvAsync"/> wrote; sequences that are not in it are dropped.</summary>
    /// <returns>What the copy now holds.</returns>
    public Task<IReadOnlyList<KvMark>> ImportKvAsync(ShardSlice slice, IReadOnlyList<KvBlock> blocks) =>
        _boundary.DoAsync(() => KvTransfer.Import(Attention(slice).Kv, Walk.Sequences, slice, blocks));

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _disposed = true;
            foreach (HeldShard held in _shards.Values)
            {
                held.Dispose();
            }

            _shards.Clear();
            _walk?.Dispose();
            _walk = null;
            _transport = null;
            _streamed?.Dispose();
            _pool.Dispose();
        }
    }

    /// <summary>
    /// Gives the board its buffers and threads for steps to come. Sequences of an earlier set of boards, and their KV, are gone: what those
    /// boards had of them cannot be known.
    /// </summary>
    internal void Start(WorkerTeam team, ITransport transport)
    {
        lock (_gate)
        {
            Volatile.Write(ref _transport, transport);
            _boundary.EndStep();
            _walk?.Dispose();
            _walk = new LayerWalk(_source, _limits, team);
            foreach (HeldShard held in _shards.Values)
            {
                held.Attention?.Kv.Clear();
            }
        }
    }

    /// <summary>Starts a step: from here to <see cref="EndStep"/> the table stays as it is.</summary>
    /// <exception cref="StepException">The board is on another plan, or a shard is missing; the message names it.</exception>
    internal ShardTable BeginStep(int planVersion)
    {
        lock (_gate)
        {
            if (planVersion != _committed)
            {
                throw new StepException($"Board {Board} is on plan {_committed} of {_name} and refuses a step of plan {planVersion}.");
            }

            _table ??= BuildTable(_plans[_committed]);
            _boundary.BeginStep();
            return _table;
        }
    }

    internal void EndStep() => _boundary.EndStep();

    private ShardTable BuildTable(Plan plan)
    {
        ShardTable table = new(_source.Config.LayerCount) { Streamed = _streamed };
        foreach (ShardAssignment assignment in plan.ShardsOf(Board).Where(assignment => assignment.Replica == 0))
        {
            if (!_shards.TryGetValue(assignment.Slice, out HeldShard? held))
            {
                throw new StepException(
                    $"Board {Board} lacks shard {plan.Model}/{assignment.Shard} (groups {assignment.FirstGroup} to "
                    + $"{assignment.FirstGroup + assignment.GroupCount - 1}) of plan {plan.Version}: its grain is not active there.");
            }

            held.AddTo(table, assignment.Shard.Layer);
        }

        return table;
    }

    private AttentionShard Attention(ShardSlice slice) =>
        _shards.TryGetValue(slice, out HeldShard? held) && held.Attention is { } attention
            ? attention
            : throw new StepException($"Board {Board} holds no attention shard {_name}/{slice.Shard}.");

    private void Drop(ShardSlice slice, HeldShard held)
    {
        _shards.Remove(slice);
        _table = null;
        _boundary.Do(held.Dispose);
    }

    private long KvBlocks(Plan plan)
    {
        long groups = plan.ShardsOf(Board).Where(assignment => assignment.Shard.Kind == ShardKind.Attention).Sum(assignment => assignment.GroupCount);
        return groups * KvBlockPool.BlocksFor(plan.KvPositions);
    }
}
