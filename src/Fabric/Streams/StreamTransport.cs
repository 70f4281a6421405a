using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;
using Halo.Fabric.Wire;

namespace Halo.Fabric.Streams;

/// <summary>
/// A board's end of the fabric over TCP: the strict baseline. It waits for every byte of every board, so the result is exact, and one lost
/// packet costs what TCP makes of it. A board rounds its own partial sum to the wire type before it is added, and a star's head its total, so
/// that all boards hold the same bits.
/// </summary>
public sealed class StreamTransport : ITransport, IFrameReceiver
{
    private readonly int _board;
    private readonly int _head;
    private readonly FabricSize _size;
    private readonly StreamOptions _options;
    private readonly IReadOnlyList<string> _names;
    private readonly StreamLink?[] _links; // by board; null for this one, and between the outer boards of a star
    private readonly StageInbox _inbox;
    private readonly StageInbox _totals;   // a star's totals, as contributed by one board
    private readonly ProgressGate _announced;
    private readonly byte[] _wire;         // one encoded partial sum
    private readonly byte[] _announcement;
    private readonly float[] _logits;      // head: (logitRows, vocabularySize); others: the blocks of the step, one after the other
    private readonly List<LogitBlockRange> _blocks = [];
    private int _logitFloats;
    private int _announcementLength;
    private long _announcementNumber;
    private long _received;

    /// <param name="board">This board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names, for messages.</param>
    /// <param name="sockets">A connected socket to every other board, by place; in a star only to and from the head board.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">Topology and wire type, the same on all boards.</param>
    /// <param name="spin">Whether waiting may spin.</param>
    public StreamTransport(int board, int head, IReadOnlyList<string> names, IReadOnlyList<Socket?> sockets, FabricSize size, StreamOptions options, bool spin)
    {
        _board = board;
        _head = head;
        _names = names;
        _size = size;
        _options = options;
        _inbox = new StageInbox(size, spin);
        _totals = new StageInbox(size with { BoardCount = 1 }, spin);
        _announced = new ProgressGate(1, spin);
        int elements = size.MaxRows * size.HiddenSize;
        _wire = GC.AllocateArray<byte>(WireCodec.ByteCount(options.WireType, elements), pinned: true);
        _announcement = new byte[size.AnnouncementBytes];
        _logits = new float[size.MaxLogitRows * size.VocabularySize];
        int maxPayload = Math.Max(size.AnnouncementBytes, Math.Max(elements, _logits.Length) * sizeof(float));
        _links = [.. sockets.Select((socket, peer) => socket is null ? null : new StreamLink(socket, peer, maxPayload, this))];
        foreach (StreamLink? link in _links)
        {
            link?.Start();
        }
    }

    private bool IsHead => _board == _head;

    private bool IsStar => _options.Topology == Topology.Star;

    /// <inheritdoc/>
    public void Announce(ReadOnlySpan<byte> announcement) => SendToAll(new StreamFrame(FrameKind.Announcement, announcement.Length, default, 0, 0), announcement);

    /// <inheritdoc/>
    public ReadOnlySpan<byte> ReceiveAnnouncement()
    {
        long never = -1;
        if (!_announced.Wait(0, 1, _received + 1, ref never, long.MaxValue) || _announced.IsStopped)
        {
            return [];
        }

        _received++;
        return _announcement.AsSpan(0, _announcementLength);
    }

    /// <inheritdoc/>
    public Span<float> PartialSum(in StageKey key, int length) => _inbox.Buffer(_board, key, length);

    /// <inheritdoc/>
    public void Contribute(in StageKey key, int length)
    {
        Span<float> own = _inbox.Buffer(_board, key, length);
        ReadOnlySpan<byte> bytes = Round(own);
        StreamFrame frame = new(FrameKind.PartialSum, bytes.Length, key, length, 0);
        if (IsStar && !IsHead)
        {
            _links[_head]!.Send(frame, bytes);
        }
        else if (!IsStar)
        {
            SendToAll(frame, bytes);
        }

        _inbox.Arrived(_board, key, length);
    }

    /// <inheritdoc/>
    public StageResult Complete(in StageKey key, Span<float> residual)
    {
        if (!IsStar)
        {
            return _inbox.Complete(key, 0, _size.BoardCount, residual);
        }

        if (IsHead && !SendTotal(key, residual.Length))
        {
            return StageResult.Aborted;
        }

        return _totals.Complete(key, 0, 1, residual);
    }

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
    public void EndStep(long stepNumber)
    {
        if (!IsHead)
        {
            foreach (LogitBlockRange block in _blocks)
            {
                ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(_logits.AsSpan(block.Start, block.Count));
                _links[_head]!.Send(new StreamFrame(FrameKind.Logits, bytes.Length, new StageKey(0, stepNumber, 0), block.TokenCount, block.FirstToken), bytes);
            }

            _blocks.Clear();
            _logitFloats = 0;
            _links[_head]!.Send(new StreamFrame(FrameKind.EndStep, 0, new StageKey(0, stepNumber, 0), 0, 0), []);
        }

        _inbox.EndStep(_board, stepNumber);
    }

    /// <inheritdoc/>
    public StageResult CompleteStep(long stepNumber) => _inbox.CompleteStep(stepNumber);

    /// <inheritdoc/>
    public Span<float> GatheredLogits(int rows) => _logits.AsSpan(0, rows * _size.VocabularySize);

    /// <inheritdoc/>
    public void Abort(long stepNumber, string reason)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(reason);
        StreamFrame frame = new(FrameKind.Abort, bytes.Length, new StageKey(0, stepNumber, 0), 0, 0);
        SendToAll(frame, bytes);
        AbortHere(stepNumber, reason);
    }

    /// <inheritdoc/>
    public string? AbortReason(long stepNumber) => _inbox.AbortReason(stepNumber);

    /// <inheritdoc/>
    public string? Failure => _inbox.Failure;

    /// <inheritdoc/>
    public void Fail(string reason)
    {
        _inbox.Fail(reason);
        _totals.Fail(reason);
        _announced.Stop();
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _inbox.Stop();
        _totals.Stop();
        _announced.Stop();
    }

    /// <summary>Ends all connections.</summary>
    public void Dispose()
    {
        Stop();
        foreach (StreamLink? link in _links)
        {
            link?.Dispose();
        }
    }

    bool IFrameReceiver.OnFrame(int peer, in StreamFrame frame, ReadOnlySpan<byte> payload) => frame.Kind switch
    {
        FrameKind.Announcement => peer == _head && OnAnnouncement(payload),
        FrameKind.PartialSum => OnSum(_inbox, peer, frame, payload),
        FrameKind.Total => IsStar && peer == _head && OnSum(_totals, 0, frame, payload),
        FrameKind.Logits => IsHead && OnLogits(frame, payload),
        FrameKind.EndStep => OnEndStep(peer, frame.Key.StepNumber),
        _ => OnAbort(peer, frame.Key.StepNumber, payload),
    };

    void IFrameReceiver.OnLost(int peer, string reason) =>
        Fail($"Board {_names[peer]} is lost: {reason}.");

    // Encodes, and reads back what the others will read: every board adds the same bits.
    private ReadOnlySpan<byte> Round(Span<float> values)
    {
        Span<byte> bytes = _wire.AsSpan(0, WireCodec.ByteCount(_options.WireType, values.Length));
        WireCodec.Encode(_options.WireType, values, bytes);
        if (_options.WireType != WireType.F32)
        {
            WireCodec.Decode(_options.WireType, bytes, values);
        }

        return bytes;
    }

    private bool SendTotal(in StageKey key, int length)
    {
        if (!_inbox.Wait(key, 0, _size.BoardCount))
        {
            return false;
        }

        Span<float> total = _totals.Buffer(0, key, length);
        _inbox.Sum(key, 0, _size.BoardCount, 0, total);
        ReadOnlySpan<byte> bytes = Round(total);
        SendToAll(new StreamFrame(FrameKind.Total, bytes.Length, key, length, 0), bytes);
        _totals.Arrived(0, key, length);
        return true;
    }

    private void SendToAll(in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        foreach (StreamLink? link in _links)
        {
            link?.Send(frame, payload);
        }
    }

    private bool OnAnnouncement(ReadOnlySpan<byte> payload)
    {
        if (payload.Length > _announcement.Length)
        {
            return false;
        }

        payload.CopyTo(_announcement);
        _announcementLength = payload.Length;
        _announced.Raise(0, ++_announcementNumber);
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
        (int tokens, int firstToken) = (frame.Elements, frame.FirstToken);
        if (payload.Length % sizeof(float) != 0 || tokens < 1 || firstToken < 0 || firstToken > _size.VocabularySize - tokens
            || values.Length % tokens != 0 || values.Length / tokens > _size.MaxLogitRows)
        {
            return false;
        }

        for (int row = 0; row * tokens < values.Length; row++)
        {
            values.Slice(row * tokens, tokens).CopyTo(_logits.AsSpan(row * _size.VocabularySize + firstToken));
        }

        return true;
    }

    private bool OnEndStep(int peer, long stepNumber)
    {
        _inbox.EndStep(peer, stepNumber);
        return true;
    }

    private bool OnAbort(int peer, long stepNumber, ReadOnlySpan<byte> reason)
    {
        string text = Encoding.UTF8.GetString(reason);
        AbortHere(stepNumber, text);
        if (IsHead && IsStar)
        {
            // In a star only the head board hears of it: it tells the rest.
            for (int other = 0; other < _links.Length; other++)
            {
                if (other != peer)
                {
                    _links[other]?.Send(new StreamFrame(FrameKind.Abort, reason.Length, new StageKey(0, stepNumber, 0), 0, 0), reason);
                }
            }
        }

        return true;
    }

    private void AbortHere(long stepNumber, string reason)
    {
        _inbox.Abort(stepNumber, reason);
        _totals.Abort(stepNumber, reason);
    }

    private readonly record struct LogitBlockRange(int Start, int Count, int FirstToken, int TokenCount);
}
