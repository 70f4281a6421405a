using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Streams;

/// <summary>
/// A board's end of the fabric over TCP: the strict baseline. It waits for every byte of every board, so the result is exact, and one lost
/// packet costs what TCP makes of it. A board rounds its own partial sum to the wire type before it is added, and a star's head its total, so
/// that all boards hold the same bits. The step thread itself moves the bytes while it waits; between steps a head board moves none.
/// </summary>
public sealed class StreamTransport : ITransport, IFrameReceiver
{
    private readonly int _board;
    private readonly int _head;
    private readonly FabricSize _size;
    private readonly StreamOptions _options;
    private readonly StreamLinks _links;
    private readonly StageExchange _exchange;
    private readonly TotalSender _sendTotal;
    private readonly byte[] _wire;    // one encoded partial sum
    private readonly float[] _logits; // head: (logitRows, vocabularySize); others: the blocks of the step, one after the other
    private readonly List<LogitBlockRange> _blocks = [];
    private readonly int _maxPayloadBytes;
    private readonly Action<int, string>? _onLost;
    private int _logitFloats;

    /// <param name="board">This board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names, for messages.</param>
    /// <param name="connections">A connection to every other board, by place, owned from here on; in a star only to and from the head board.
    /// Links with keys are sealed.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">Topology and wire type, the same on all boards.</param>
    /// <param name="spin">Whether waiting may spin for a short time: only where the step thread has a core of its own.</param>
    /// <param name="onLost">Called once, with the place and the reason, when a board is lost; on the thread that notices, which must not be held up.</param>
    public StreamTransport(
        int board,
        int head,
        IReadOnlyList<string> names,
        IReadOnlyList<StreamConnection?> connections,
        FabricSize size,
        StreamOptions options,
        bool spin,
        Action<int, string>? onLost = null)
        : this(board, head, names, connections, size, options, spin, pumped: true, onLost)
    {
    }

    // Not pumped where one thread steps several boards: while it waits with one, the bytes that it waits for may lie unsent with another.
    internal StreamTransport(
        int board,
        int head,
        IReadOnlyList<string> names,
        IReadOnlyList<StreamConnection?> connections,
        FabricSize size,
        StreamOptions options,
        bool spin,
        bool pumped,
        Action<int, string>? onLost)
    {
        _board = board;
        _head = head;
        _size = size;
        _options = options;
        _onLost = onLost;
        StreamPump? pump = pumped ? new StreamPump() : null;
        _exchange = new StageExchange(board, head, names, size, spin, pump);
        _sendTotal = SendTotal;
        int elements = size.MaxRows * size.HiddenSize;
        _wire = GC.AllocateArray<byte>(WireCodec.ByteCount(options.WireType, elements), pinned: true);
        _logits = new float[size.MaxLogitRows * size.VocabularySize];
        _maxPayloadBytes = Math.Max(Math.Max(size.AnnouncementBytes, StreamFrame.MaxReasonBytes), Math.Max(elements, size.VocabularySize) * sizeof(float));
        _links = new StreamLinks(names[board], connections, _maxPayloadBytes, this, pump);
        _links.Start();
    }

    private bool IsHead => _exchange.IsHead;

    private bool IsStar => _options.Topology == Topology.Star;

    /// <inheritdoc/>
    public void Announce(long stepNumber, ReadOnlySpan<byte> announcement) =>
        _links.SendToAll(new StreamFrame(FrameKind.Announcement, announcement.Length, new StageKey(0, stepNumber, 0), 0, 0), announcement);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber) => _exchange.ReceiveAnnouncement(out stepNumber);

    /// <inheritdoc/>
    public Span<float> PartialSum(in StageKey key, int length) => _exchange.Sums.Buffer(_board, key, length);

    /// <inheritdoc/>
    public void Contribute(in StageKey key, int length) =>
        SendSum(key, length, WireCodec.Round(_options.WireType, _exchange.Sums.Buffer(_board, key, length), _wire));

    /// <inheritdoc/>
    public void ContributeNothing(in StageKey key, int length) => SendSum(key, 0, []);

    /// <inheritdoc/>
    public StageResult Complete(in StageKey key, Span<float> residual) => _exchange.Complete(key, IsStar, residual, _sendTotal);

    /// <inheritdoc/>
    public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride)
    {
        if (IsHead)
        {
            stride = _size.VocabularySize;
            return rows == 0 ? [] : _logits.AsSpan(firstToken, (rows - 1) * stride + tokenCount);
        }

        stride = tokenCount;
        LogitBlockRange block = new(_logitFloats, rows * tokenCount, firstToken, tokenCount);
        _blocks.Add(block);
        _logitFloats += block.Count;
        return _logits.AsSpan(block.Start, block.Count);
    }

    /// <inheritdoc/>
    public void EndStep(long stepNumber, ulong residualChecksum)
    {
        if (!IsHead)
        {
            foreach (LogitBlockRange block in _blocks)
            {
                SendLogits(stepNumber, block);
            }

            _blocks.Clear();
            _logitFloats = 0;
            Span<byte> checksum = stackalloc byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(checksum, residualChecksum);
            _links.Send(_head, new StreamFrame(FrameKind.EndStep, checksum.Length, new StageKey(0, stepNumber, 0), 0, 0), checksum);
        }

        _exchange.EndStep(stepNumber, residualChecksum);
    }

    /// <inheritdoc/>
    public StageResult CompleteStep(long stepNumber) => _exchange.CompleteStep(stepNumber);

    /// <inheritdoc/>
    public Span<float> GatheredLogits(int rows) => _logits.AsSpan(0, rows * _size.VocabularySize);

    /// <inheritdoc/>
    public void Abort(long stepNumber, string reason)
    {
        byte[] bytes = StreamFrame.ReasonBytes(reason);
        _links.SendUrgent(new StreamFrame(FrameKind.Abort, bytes.Length, new StageKey(0, stepNumber, 0), 0, 0), bytes);
        _exchange.Abort(stepNumber, reason);
    }

    /// <inheritdoc/>
    public string? AbortReason(long stepNumber) => _exchange.Sums.AbortReason(stepNumber);

    /// <inheritdoc/>
    public string? Failure => _exchange.Failure;

    /// <inheritdoc/>
    public void Fail(string reason)
    {
        if (_exchange.TryLose())
        {
            EndFor(reason);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _exchange.Stop();
        _links.Stop();
    }

    /// <summary>Ends all connections. No thread may be in a wait: call <see cref="Stop"/> and let the step thread end first.</summary>
    public void Dispose()
    {
        Stop();
        _links.Dispose();
    }

    bool IFrameReceiver.OnFrame(int peer, in StreamFrame frame, ReadOnlySpan<byte> payload) => frame.Kind switch
    {
        FrameKind.Announcement => peer == _head && OnAnnouncement(frame.Key.StepNumber, payload),
        FrameKind.PartialSum => OnSum(_exchange.Sums, peer, frame, payload),
        FrameKind.Total => IsStar && peer == _head && OnSum(_exchange.Totals, 0, frame, payload),
        FrameKind.Logits => IsHead && OnLogits(frame, payload),
        FrameKind.EndStep => OnEndStep(peer, frame.Key.StepNumber, payload),
        FrameKind.Lost => OnLostElsewhere(frame.FirstToken, payload),
        _ => OnAbort(peer, frame.Key.StepNumber, payload),
    };

    void IFrameReceiver.OnLost(int peer, string reason) => Lose(peer, _exchange.LostText(peer, reason));

    private void SendSum(in StageKey key, int length, ReadOnlySpan<byte> bytes)
    {
        StreamFrame frame = new(FrameKind.PartialSum, bytes.Length, key, length, 0);
        if (IsStar && !IsHead)
        {
            _links.Send(_head, frame, bytes);
        }
        else if (!IsStar)
        {
            _links.SendToAll(frame, bytes);
        }

        _exchange.Contributed(key, length);
    }

    private void SendTotal(in StageKey key, Span<float> total)
    {
        ReadOnlySpan<byte> bytes = WireCodec.Round(_options.WireType, total, _wire);
        _links.SendToAll(new StreamFrame(FrameKind.Total, bytes.Length, key, total.Length, 0), bytes);
    }

    // Rows of one block, as many a frame as fit.
    private void SendLogits(long stepNumber, in LogitBlockRange block)
    {
        int rows = block.Count / block.TokenCount;
        int rowsAFrame = _maxPayloadBytes / (block.TokenCount * sizeof(float));
        for (int row = 0; row < rows; row += rowsAFrame)
        {
            int count = Math.Min(rowsAFrame, rows - row) * block.TokenCount;
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(_logits.AsSpan(block.Start + row * block.TokenCount, count));
            _links.Send(_head, new StreamFrame(FrameKind.Logits, bytes.Length, new StageKey(0, stepNumber, row), block.TokenCount, block.FirstToken), bytes);
        }
    }

    private bool OnAnnouncement(long stepNumber, ReadOnlySpan<byte> payload)
    {
        if (payload.Length > _exchange.Announcement.Length)
        {
            return false;
        }

        payload.CopyTo(_exchange.Announcement);
        _exchange.Announced(stepNumber, payload.Length);
        return true;
    }

    private bool OnSum(StageInbox inbox, int place, in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        if ((uint)frame.Elements > (uint)(_size.MaxRows * _size.HiddenSize) || (uint)frame.Key.Stage >= (uint)_size.StageCount
            || payload.Length != WireCodec.ByteCount(_options.WireType, frame.Elements))
        {
            return false;
        }

        WireCodec.Decode(_options.WireType, payload, inbox.Buffer(place, frame.Key, frame.Elements));
        inbox.Arrived(place, frame.Key, frame.Elements);
        return true;
    }

    private bool OnLogits(in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        ReadOnlySpan<float> values = MemoryMarshal.Cast<byte, float>(payload);
        (int tokens, int firstToken, int firstRow) = (frame.Elements, frame.FirstToken, frame.Key.Stage);
        if (payload.Length % sizeof(float) != 0 || tokens < 1 || firstToken < 0 || firstToken > _size.VocabularySize - tokens
            || values.Length % tokens != 0 || firstRow < 0 || firstRow > _size.MaxLogitRows - values.Length / tokens)
        {
            return false;
        }

        for (int row = 0; row * tokens < values.Length; row++)
        {
            values.Slice(row * tokens, tokens).CopyTo(_logits.AsSpan((firstRow + row) * _size.VocabularySize + firstToken));
        }

        return true;
    }

    private bool OnEndStep(int peer, long stepNumber, ReadOnlySpan<byte> checksum)
    {
        if (checksum.Length != sizeof(ulong))
        {
            return false;
        }

        _exchange.Sums.EndStep(peer, stepNumber, BinaryPrimitives.ReadUInt64LittleEndian(checksum));
        return true;
    }

    private bool OnAbort(int peer, long stepNumber, ReadOnlySpan<byte> reason)
    {
        _exchange.Abort(stepNumber, Encoding.UTF8.GetString(reason));
        if (IsHead && IsStar && reason.Length <= StreamFrame.MaxReasonBytes)
        {
            // In a star only the head board hears of it: it tells the rest.
            _links.SendUrgent(new StreamFrame(FrameKind.Abort, reason.Length, new StageKey(0, stepNumber, 0), 0, 0), reason, except: peer);
        }

        return true;
    }

    private bool OnLostElsewhere(int place, ReadOnlySpan<byte> reason)
    {
        if ((uint)place >= (uint)_size.BoardCount)
        {
            return false;
        }

        Lose(place, Encoding.UTF8.GetString(reason));
        return true;
    }

    // The first lost board ends the fabric; in a star the others cannot see it, and are told.
    private void Lose(int place, string text)
    {
        if (!_exchange.TryLose())
        {
            return;
        }

        byte[] bytes = StreamFrame.ReasonBytes(text);
        _links.SendUrgent(new StreamFrame(FrameKind.Lost, bytes.Length, default, 0, place), bytes, except: place);
        EndFor(text);
        _onLost?.Invoke(place, text);
    }

    private void EndFor(string reason)
    {
        _exchange.EndFor(reason);
        _links.Stop();
    }

    private readonly record struct LogitBlockRange(int Start, int Count, int FirstToken, int TokenCount);
}
