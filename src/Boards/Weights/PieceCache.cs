using System.Globalization;
using Halo.Inference.Model.Pieces;

namespace Halo.Boards.Weights;

/// <summary>
/// Pieces of models on this board's disk, kept within a bound: where room is needed, the pieces that were not used for longest go first, of
/// whatever model, but none that is mapped or wanted. What is on the disk is the truth: nothing but the files is kept from run to run.
/// </summary>
public sealed class PieceCache
{
    private readonly Lock _gate = new();
    private readonly PieceCacheOptions _options;
    private readonly Dictionary<string, PieceState> _states = []; // by path
    private PieceStatistics _statistics = new(0, 0, 0, 0, 0, 0);

    /// <summary>Opens the cache and deletes files that were left unfinished.</summary>
    /// <exception cref="IOException">The folder cannot be made or read.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The bound is negative.</exception>
    public PieceCache(PieceCacheOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxBytes ?? 0, nameof(options));
        _options = options with { Root = Path.GetFullPath(options.Root) };
        Directory.CreateDirectory(Root);
        CacheFolder.SweepParts(Root);
        MaxBytes = options.MaxBytes ?? (long)(0.9 * (options.FreeBytes(Root) + CacheFolder.List(Root).Sum(file => file.Bytes)));
    }

    /// <summary>The folder.</summary>
    public string Root => _options.Root;

    /// <summary>Bytes that the cache may take.</summary>
    public long MaxBytes { get; }

    /// <summary>What happened since the cache was opened.</summary>
    public PieceStatistics Statistics
    {
        get
        {
            lock (_gate)
            {
                return _statistics;
            }
        }
    }

    /// <summary>The pieces of one model.</summary>
    public ModelPieces Of(ModelManifest manifest) => new(this, manifest, Path.Combine(Root, manifest.Sha256));

    /// <summary>Notes that a piece is being mapped, so that nobody evicts it.</summary>
    /// <returns>Whether its payload has been checked by this process.</returns>
    internal bool BeginUse(string path)
    {
        lock (_gate)
        {
            PieceState state = State(path);
            state.Users++;
            return state.Checked;
        }
    }

    /// <summary>Takes back <see cref="BeginUse"/>.</summary>
    internal void EndUse(string path)
    {
        lock (_gate)
        {
            State(path).Users--;
        }

        CacheFolder.Touch(path, _options.Time.GetUtcNow());
    }

    /// <summary>Notes that a piece was found whole, and for a shard that it was opened.</summary>
    internal void Found(string path, long bytes, bool opened)
    {
        lock (_gate)
        {
            PieceState state = State(path);
            state.Checked = true;
            if (opened)
            {
                state.Wanted = false;
                if (!state.Fresh)
                {
                    _statistics = _statistics with { ReusedPieces = _statistics.ReusedPieces + 1, ReusedBytes = _statistics.ReusedBytes + bytes };
                }

                state.Fresh = false;
            }
        }

        CacheFolder.Touch(path, _options.Time.GetUtcNow());
    }

    /// <summary>Deletes a piece that is damaged and tells of it.</summary>
    internal void Discard(string path, string fault)
    {
        lock (_gate)
        {
            State(path).Checked = false;
            CacheFolder.TryDelete(path);
            _statistics = _statistics with { DamagedPieces = _statistics.DamagedPieces + 1 };
        }

        _options.Damaged?.Invoke($"{fault} {path} was deleted; the piece must be sent again.");
    }

    /// <summary>Sets whether a piece is kept until it has been opened.</summary>
    internal void Want(string path, bool wanted)
    {
        lock (_gate)
        {
            State(path).Wanted = wanted;
        }
    }

    /// <summary>Takes back all <see cref="Want"/> of pieces in a folder.</summary>
    internal void WantNothing(string folder)
    {
        lock (_gate)
        {
            foreach ((string path, PieceState state) in _states)
            {
                state.Wanted &= Path.GetDirectoryName(path) != folder;
            }
        }
    }

    /// <summary>Checks, before any of them is sent, that some pieces can be here together with those that may not go.</summary>
    /// <param name="pieces">Their paths and sizes.</param>
    /// <param name="what">What they are, for the message.</param>
    /// <exception cref="NoRoomException">They cannot; the message has the numbers.</exception>
    internal void CheckRoom(IReadOnlyDictionary<string, long> pieces, string what)
    {
        lock (_gate)
        {
            List<CacheFolder.Entry> files = CacheFolder.List(Root);
            long needed = pieces.Values.Sum();
            long kept = files.Where(file => !MayGo(file) && !pieces.ContainsKey(file.Path)).Sum(file => file.Bytes);
            long limit = Limit(files.Sum(file => file.Bytes));
            if (kept + needed > limit)
            {
                throw new NoRoomException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"There is no room for {what} in {Root}: it takes {needed / 1e6:0.0} MB of pieces, {kept / 1e6:0.0} MB of others are in use, and {LimitText(limit)}"));
            }
        }
    }

    /// <summary>Makes room for a piece and a locked file of its size to write it to.</summary>
    /// <exception cref="NoRoomException">There is no room, even without all that may go; the message has the numbers.</exception>
    internal FileStream CreatePart(string path, long bytes, string name)
    {
        lock (_gate)
        {
            MakeRoom(bytes, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            FileStream part = new(
                $"{path}.{Guid.NewGuid():N}{CacheFolder.PartSuffix}", FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);

            // At its full length from the start: other writers, here or in another process, then see how much room is left.
            part.SetLength(bytes);
            return part;
        }
    }

    /// <summary>Gives a finished file its name.</summary>
    internal void Publish(string part, string path, long bytes)
    {
        lock (_gate)
        {
            File.Move(part, path, overwrite: true);
            PieceState state = State(path);
            (state.Checked, state.Fresh) = (true, true);
            _statistics = _statistics with { StoredPieces = _statistics.StoredPieces + 1, StoredBytes = _statistics.StoredBytes + bytes };
        }

        CacheFolder.Touch(path, _options.Time.GetUtcNow());
    }

    private void MakeRoom(long bytes, string name)
    {
        List<CacheFolder.Entry> files = CacheFolder.List(Root);
        long used = files.Sum(file => file.Bytes);
        long limit = Limit(used);
        if (used + bytes <= limit)
        {
            return;
        }

        CacheFolder.Entry[] mayGo = [.. files.Where(MayGo).OrderBy(file => file.LastUsed).ThenBy(file => file.Path, StringComparer.Ordinal)];
        long kept = used - mayGo.Sum(file => file.Bytes);
        if (kept + bytes <= limit)
        {
            foreach (CacheFolder.Entry file in mayGo.TakeWhile(_ => used + bytes > limit))
            {
                used -= Evict(file) ? file.Bytes : 0;
            }
        }

        if (used + bytes > limit)
        {
            throw new NoRoomException(string.Create(
                CultureInfo.InvariantCulture,
                $"There is no room for piece {name} of {bytes / 1e6:0.0} MB in {Root}: {kept / 1e6:0.0} MB of pieces are in use or wanted, and {LimitText(limit)}"));
        }
    }

    private long Limit(long used) => Math.Min(MaxBytes, used + _options.FreeBytes(Root));

    private string LimitText(long limit) => string.Create(
        CultureInfo.InvariantCulture,
        $"{limit / 1e6:0.0} MB are the most ({MaxBytes / 1e6:0.0} MB allowed). Allow the cache more (--cache-limit), free space on its volume, or give this board less.");

    private bool MayGo(CacheFolder.Entry file) =>
        file.IsPiece && (!_states.TryGetValue(file.Path, out PieceState? state) || (state.Users == 0 && !state.Wanted));

    private bool Evict(CacheFolder.Entry file)
    {
        if (!CacheFolder.TryDelete(file.Path))
        {
            return false;
        }

        _states.Remove(file.Path);
        _statistics = _statistics with { EvictedPieces = _statistics.EvictedPieces + 1 };
        return true;
    }

    private PieceState State(string path)
    {
        if (!_states.TryGetValue(path, out PieceState? state))
        {
            state = new PieceState();
            _states.Add(path, state);
        }

        return state;
    }

    /// <summary>What this process knows of a piece.</summary>
    private sealed class PieceState
    {
        /// <summary>How many mappings there are or are being made.</summary>
        internal int Users { get; set; }

        /// <summary>Its payload was compared with its hash.</summary>
        internal bool Checked { get; set; }

        /// <summary>It was received and not opened yet.</summary>
        internal bool Fresh { get; set; }

        /// <summary>A slice that it belongs to is about to be loaded.</summary>
        internal bool Wanted { get; set; }
    }
}
