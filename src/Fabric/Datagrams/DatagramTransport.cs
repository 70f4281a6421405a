using System.Buffers.Binary;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// A board's end of the fabric over UDP: a lost datagram costs a round trip of its own, or nothing where a copy came, and holds up no other.
/// It waits for every chunk of every board, so the result is exact. A board rounds its own partial sum to the wire type before it is added, and
/// a star's head its total, so that all boards hold the same bits. The step thread itself moves datagrams while it waits.
/// </summary>
/// <remarks>
/// Nothing is copied for resends. A board writes a buffer of the stage before last again only when all others have had it, which the chunks that
/// allowed it to go on acknowledge; after a step that was given up, what is sent again of it is not looked at any more.
/// </remarks>
public sealed class DatagramTransport : ITransport, IChunkReceiver
{
    private readonly int _board;
    private readonly int _head;
    private readonly FabricSize _size;
    private readonly DatagramOptions _options;
    private readonly IReadOnlyList<string> _names;
    private readonly Lock _gate = new(); // the step thread, and the driver's where the step thread is elsewhere
    private readonly IDatagramDriver _driver;
    private readonly DatagramCore _core;
    private readonly DatagramMessages _messages;
    private readonly bool _waitsForRoom;
    private readonly StageInbox _inbox;
    private readonly StageInbox _totals; // a star's totals, as contributed by one board
    private readonly ProgressGate _announced;
    private readonly SumEncoder _encoder;
    private readonly LogitStore _logits;
    private readonly byte[] _checksum = new byte[sizeof(ulong)];
    private readonly Action<int, string>? _onLost;
    private int _announcementLength;
    private long _announcedStep;
    private long _announcementNumber;
    private long _received;
    private long _endedStep = -1;
    private int _lost;
    private (int Place, string Reason)? _untold;
    private bool _disposed;
    private volatile bool _stopped;

    /// <param name="board">This board's place in the plan's order.</param>
    /// <param name="head">The head board's place.</param>
    /// <param name="names">The boards' names, for messages.</param>
    /// <param name="keys">Keys by place; in a star only between the head board and the others.</param>
    /// <param name="size">Sizes of buffers.</param>
    /// <param name="options">The same on all boards.</param>
    /// <param name="spin">Whether waiting may spin for a short time: only where the step thread has a core of its own.</param>
    /// <param name="waitsForRoom">Whether sending waits until all was sent once: not where one thread steps several boards.</param>
    /// <param name="driver">Moves datagrams; owned from here on.</param>
    /// <param name="onLost">Called once, with the place and the reason, when a board is lost.</param>
    internal DatagramTransport(
        int board, int head, IReadOnlyList<string> names, IReadOnlyList<DatagramKeys?> keys, FabricSize size, DatagramOptions options, bool spin,
        bool waitsForRoom, IDatagramDriver driver, Action<int, string>? onLost)
    {
        _board = board;
        _head = head;
        _names = names;
        _size = size;
        _options = options;
        _waitsForRoom = waitsForRoom;
        _driver = driver;
        _onLost = onLost;
        _messages = new DatagramMessages(size, options.WireType);
        _inbox = new StageInbox(size, spin, driver);
        _totals = new StageInbox(size with { BoardCount = 1 }, spin, driver);
        _announced = new ProgressGate(1, spin, driver);
        _encoder = new SumEncoder(size, options.WireType);
        _logits = new LogitStore(size, gathers: board == head);
        _core = new DatagramCore(board, keys, options, driver, this);
        driver.Start(_core, _gate, (peer, reason) => Lose(peer, LostText(peer, reason)), TellLost);
    }

    private bool IsHead => _board == _head;

    private bool IsStar => _options.Topology == Topology.Star;

    /// <summary>Datagrams that claimed to come from no board of this session.</summary>
    internal long StrangeDatagrams => _core.StrangeDatagrams;

    /// <summary>What is known of this board's links, in the order of the boards. From any thread.</summary>
    public IReadOnlyList<LinkStatistics> Statistics()
    {
        lock (_gate)
        {
            return [.. _names.Select((name, peer) => _core.Statistics(peer, name)).OfType<LinkStatistics>()];
        }
    }

    /// <inheritdoc/>
    public void Announce(long stepNumber, ReadOnlySpan<byte> announcement)
    {
        // The others have ended the step before, so they have all of the bytes that lay here.
        announcement.CopyTo(_messages.Announcement);
        Send(-1, DatagramMessages.Of(FrameKind.Announcement, new StageKey(0, stepNumber, 0), _messages.Announcement, announcement.Length));
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber)
    {
        long never = -1;
        if (!_announced.Wait(0, 1, _received + 1, ref never, long.MaxValue) || _announced.IsStopped)
        {
            stepNumber = 0;
            return [];
        }

        _received++;
        stepNumber = _announcedStep;
        return _messages.Announcement.AsSpan(0, _announcementLength);
    }

    /// <inheritdoc/>
    public Span<float> PartialSum(in StageKey key, int length) => _inbox.Buffer(_board, key, length);

    /// <inheritdoc/>
    public void Contribute(in StageKey key, int length)
    {
        OutgoingMessage message = _encoder.Encode(FrameKind.PartialSum, key, _inbox.Buffer(_board, key, length));
        if (!IsStar)
        {
            Send(-1, message);
        }
        else if (!IsHead)
        {
            Send(_head, message);
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
    public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride) =>
        _logits.Block(rows, firstToken, tokenCount, out stride);

    /// <inheritdoc/>
    public void EndStep(long stepNumber, ulong residualChecksum)
    {
        lock (_gate)
        {
            _endedStep = stepNumber;
        }

        if (!IsHead)
        {
            StageKey key = new(0, stepNumber, 0);
            foreach (OutgoingMessage block in _logits.Blocks)
            {
                Send(_head, block with { Key = key });
            }

            _logits.Clear();
            BinaryPrimitives.WriteUInt64LittleEndian(_checksum, residualChecksum);
            Send(_head, DatagramMessages.Of(FrameKind.EndStep, key, _checksum, _checksum.Length));
        }

        _inbox.EndStep(_board, stepNumber, residualChecksum);
    }

    /// <inheritdoc/>
    public StageResult CompleteStep(long stepNumber) => _inbox.CompleteStep(stepNumber, _board, _names);

    /// <inheritdoc/>
    public Span<float> GatheredLogits(int rows) => _logits.Values[..(rows * _size.VocabularySize)];

    /// <inheritdoc/>
    public void Abort(long stepNumber, string reason)
    {
        byte[] bytes = StreamFrame.ReasonBytes(reason);
        lock (_gate)
        {
            if (!_disposed)
            {
                _core.SendToAll(DatagramMessages.Of(FrameKind.Abort, new StageKey(0, stepNumber, 0), bytes, bytes.Length), _driver.Now);
            }
        }

        AbortHere(stepNumber, reason);
    }

    /// <inheritdoc/>
    public string? AbortReason(long stepNumber) => _inbox.AbortReason(stepNumber);

    /// <inheritdoc/>
    public string? Failure => _inbox.Failure;

    /// <inheritdoc/>
    public void Fail(string reason)
    {
        if (Interlocked.Exchange(ref _lost, 1) == 0)
        {
            EndFor(reason);
        }
    }

    /// <inheritdoc/>
    public void Stop()
    {
        _stopped = true;
        _inbox.Stop();
        _totals.Stop();
        _announced.Stop();
    }

    /// <summary>Ends all links. No thread may be in a wait: call <see cref="Stop"/> and let the step thread end first.</summary>
    public void Dispose()
    {
        Stop();
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _driver.Dispose();
        _core.Dispose();
    }

    bool IChunkReceiver.OnChunk(int peer, in ChunkHead head, ReadOnlySpan<byte> bytes) => head.Kind switch
    {
        FrameKind.Announcement => peer == _head && _messages.PutAnnouncement(head, bytes),
        FrameKind.PartialSum => (!IsStar || IsHead) && (head.Key.StepNumber <= _endedStep || _messages.PutSum(_inbox, peer, head, bytes)),
        FrameKind.Total => IsStar && peer == _head && (head.Key.StepNumber <= _endedStep || _messages.PutSum(_totals, 0, head, bytes)),
        FrameKind.Logits => IsHead && _logits.Put(head, bytes),
        FrameKind.EndStep => IsHead && _messages.PutChecksum(peer, head, bytes),
        _ => _messages.PutReason(peer, head, bytes),
    };

    bool IChunkReceiver.OnMessage(int peer, in ChunkHead last)
    {
        switch (last.Kind)
        {
            case FrameKind.Announcement:
                _announcementLength = last.MessageBytes;
                _announcedStep = last.Key.StepNumber;
                _announced.Raise(0, ++_announcementNumber);
                break;
            case FrameKind.PartialSum when last.Key.StepNumber > _endedStep:
                _inbox.Arrived(peer, last.Key, last.Elements);
                break;
            case FrameKind.Total when last.Key.StepNumber > _endedStep:
                _totals.Arrived(0, last.Key, last.Elements);
                break;
            case FrameKind.EndStep:
                _inbox.EndStep(peer, last.Key.StepNumber, _messages.Checksum(peer));
                break;
            case FrameKind.Abort:
                OnAbort(peer, last);
                break;
            case FrameKind.Lost:
                Lose(last.FirstToken, _messages.Reason(peer, last));
                break;
        }

        return true;
    }

    void IChunkReceiver.OnBroken(int peer, string reason) => Lose(peer, LostText(peer, reason));

    private string LostText(int peer, string reason) => $"Board {_names[peer]} is lost: {reason}.";

    private bool SendTotal(in StageKey key, int length)
    {
        if (!_inbox.Wait(key, 0, _size.BoardCount))
        {
            return false;
        }

        Span<float> total = _totals.Buffer(0, key, length);
        _inbox.Sum(key, 0, _size.BoardCount, 0, total);
        Send(-1, _encoder.Encode(FrameKind.Total, key, total));
        _totals.Arrived(0, key, length);
        return true;
    }

    // Sends to one board, or to all; from the step thread, which may compute for long afterwards: it waits until all has gone out once.
    private void Send(int peer, in OutgoingMessage message)
    {
        lock (_gate)
        {
            if (peer < 0)
            {
                _core.SendToAll(message, _driver.Now);
            }
            else
            {
                _core.Send(peer, message, _driver.Now);
            }
        }

        while (_waitsForRoom && !_stopped && HasUnsent())
        {
            if (!_driver.Move())
            {
                _driver.Wait();
            }
        }
    }

    private bool HasUnsent()
    {
        lock (_gate)
        {
            return _core.HasUnsent;
        }
    }

    private void OnAbort(int peer, in ChunkHead last)
    {
        string reason = _messages.Reason(peer, last);
        AbortHere(last.Key.StepNumber, reason);
        if (IsHead && IsStar)
        {
            // In a star only the head board hears of it: it tells the rest.
            byte[] bytes = StreamFrame.ReasonBytes(reason);
            _core.SendToAll(DatagramMessages.Of(FrameKind.Abort, last.Key, bytes, bytes.Length), _driver.Now, except: peer);
        }
    }

    // The first lost board ends the fabric. The others may not see it, and are told, three times: nobody may be left to answer a resend.
    private void Lose(int place, string text)
    {
        if (Interlocked.Exchange(ref _lost, 1) != 0)
        {
            return;
        }

        byte[] bytes = StreamFrame.ReasonBytes(text);
        _core.SendToAll(DatagramMessages.Of(FrameKind.Lost, default, bytes, bytes.Length, firstToken: place), _driver.Now, except: place);
        _core.Repeat(_driver.Now);
        _core.Repeat(_driver.Now);
        _untold = (place, text);
        EndFor(text);
    }

    private void EndFor(string reason)
    {
        _stopped = true;
        _inbox.Fail(reason);
        _totals.Fail(reason);
        _announced.Stop();
    }

    private void AbortHere(long stepNumber, string reason)
    {
        _inbox.Abort(stepNumber, reason);
        _totals.Abort(stepNumber, reason);
    }

    // Outside the gate: who is told may wait for a thread that wants to send.
    private void TellLost()
    {
        (int Place, string Reason)? untold;
        if (_onLost is null || _untold is null)
        {
            return;
        }

        lock (_gate)
        {
            (untold, _untold) = (_untold, null);
        }

        if (untold is { } told)
        {
            _onLost(told.Place, told.Reason);
        }
    }
}
