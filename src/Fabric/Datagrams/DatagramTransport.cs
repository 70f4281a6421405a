using System.Buffers.Binary;
using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Datagrams.Relaxed;
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
public sealed class DatagramTransport : ITransport
{
    private readonly int _board;
    private readonly int _head;
    private readonly FabricSize _size;
    private readonly IReadOnlyList<string> _names;
    private readonly Lock _gate = new(); // the step thread, and the driver's where the step thread is elsewhere
    private readonly IDatagramDriver _driver;
    private readonly DatagramCore _core;
    private readonly bool _waitsForRoom;
    private readonly StageExchange _exchange;
    private readonly TotalSender _sendTotal;
    private readonly DatagramArrivals _arrivals;
    private readonly RelaxedStages? _relaxed; // null where all is exact
    private readonly RelaxedWaits? _waits;
    private readonly TopologyTimer? _timer;   // of a head board that chooses the topology
    private readonly SumEncoder _encoder;
    private readonly LogitStore _logits;
    private readonly byte[] _checksum = new byte[sizeof(ulong)];
    private readonly Action<int, string>? _onLost;
    private Topology _topology; // of the step at hand
    private (int Place, string Reason)? _untold;
    private bool _disposed;

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
        _waitsForRoom = waitsForRoom;
        _driver = driver;
        _onLost = onLost;
        _exchange = new StageExchange(board, head, names, size, spin, driver);
        _sendTotal = SendTotal;
        _relaxed = options.Policy == DeliveryPolicy.Relaxed ? new RelaxedStages(board, head, size, options) : null;
        _timer = options.Topology == Topology.Auto && IsHead ? new TopologyTimer(size.HiddenSize) : null;
        _topology = options.Topology == Topology.Star ? Topology.Star : Topology.Mesh;
        _encoder = new SumEncoder(size.MaxRows * size.HiddenSize, options.WireType, depth: 2);
        _logits = new LogitStore(size, gathers: board == head);
        DatagramMessages messages = new(size, options.WireType);
        _arrivals = new DatagramArrivals(head, options.Topology, _exchange, messages, _logits, _relaxed)
        {
            Use = Use,
            TellOthers = TellOthers,
            Lose = (peer, reason) => Lose(peer, _exchange.LostText(peer, reason)),
            LoseElsewhere = Lose,
        };
        _core = new DatagramCore(board, keys, options, driver, _arrivals);
        _waits = _relaxed is null ? null : new RelaxedWaits(_relaxed, _exchange, _core, driver, _gate);
        driver.Start(_core, _gate, _arrivals.Lose, TellLost);
    }

    private bool IsHead => _exchange.IsHead;

    private bool IsStar => _topology == Topology.Star;

    /// <summary>Datagrams that claimed to come from no board of this session.</summary>
    internal long StrangeDatagrams => _core.StrangeDatagrams;

    /// <summary>What is known of this board's links, in the order of the boards. From any thread.</summary>
    public IReadOnlyList<LinkStatistics> Statistics()
    {
        lock (_gate)
        {
            return [.. _names.Select((name, peer) => Statistics(peer, name)).OfType<LinkStatistics>()];
        }
    }

    /// <summary>Datagrams that the system dropped here, whoever sent them, because this board's buffer was full; 0 where it does not tell.</summary>
    public long ReceiveOverflows => _driver.ReceiveOverflows;

    private LinkStatistics? Statistics(int peer, string name)
    {
        LinkStatistics? link = _core.Statistics(peer, name, _driver.Now);
        return link is null || _relaxed is null ? link : _relaxed.AddTo(link, peer);
    }

    /// <inheritdoc/>
    public void Announce(long stepNumber, ReadOnlySpan<byte> announcement)
    {
        if (_timer is not null)
        {
            Use(_timer.Begin(announcement.Length, _driver.Now));
        }

        // The others have ended the step before, so they have all of the bytes that lay here.
        announcement.CopyTo(_exchange.Announcement);
        Send(-1, DatagramMessages.Of(
            FrameKind.Announcement, new StageKey(0, stepNumber, 0), _exchange.Announcement, announcement.Length, firstToken: (int)_topology));
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> ReceiveAnnouncement(out long stepNumber) => _exchange.ReceiveAnnouncement(out stepNumber);

    /// <inheritdoc/>
    public Span<float> PartialSum(in StageKey key, int length) =>
        _relaxed?.Takes(length) == true ? _waits!.Own(key, length) : _exchange.Sums.Buffer(_board, key, length);

    /// <inheritdoc/>
    public void Contribute(in StageKey key, int length) => Contribute(key, length, isEmpty: false);

    /// <inheritdoc/>
    public void ContributeNothing(in StageKey key, int length) => Contribute(key, length, isEmpty: true);

    /// <inheritdoc/>
    public StageResult Complete(in StageKey key, Span<float> residual)
    {
        if (_relaxed?.Takes(residual.Length) == true)
        {
            StageResult result = _waits!.Complete(key, IsStar, IsHead, residual, out OutgoingMessage message);
            if (message.Buffer is not null)
            {
                Send(-1, message);
            }

            return result;
        }

        return _exchange.Complete(key, IsStar, residual, _sendTotal);
    }

    /// <inheritdoc/>
    public Span<float> LogitBlock(int rows, int firstToken, int tokenCount, out int stride) =>
        _logits.Block(rows, firstToken, tokenCount, out stride);

    /// <inheritdoc/>
    public void EndStep(long stepNumber, ulong residualChecksum)
    {
        lock (_gate)
        {
            _arrivals.EndedStep = stepNumber;
            if (_relaxed is not null)
            {
                residualChecksum = _relaxed.MayDiffer ? 0 : residualChecksum;
                _relaxed.EndStep(stepNumber);
            }
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

        _exchange.EndStep(stepNumber, residualChecksum);
    }

    /// <inheritdoc/>
    public StageResult CompleteStep(long stepNumber)
    {
        StageResult result = _exchange.CompleteStep(stepNumber);
        if (result == StageResult.Complete)
        {
            _timer?.End(_driver.Now);
        }

        return result;
    }

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
            _exchange.EndFor(reason);
        }
    }

    /// <inheritdoc/>
    public void Stop() => _exchange.Stop();

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

    // Inside the gate, or before the step's first sum.
    private void Use(Topology topology)
    {
        if (_topology != topology)
        {
            _topology = topology;
            _core.Use(topology);
        }
    }

    private void Contribute(in StageKey key, int length, bool isEmpty)
    {
        bool isRelaxed = _relaxed?.Takes(length) == true;
        OutgoingMessage message = isRelaxed ? _waits!.Contribute(key, length, isEmpty)
            : isEmpty ? _encoder.Empty(FrameKind.PartialSum, key, length)
            : _encoder.Encode(FrameKind.PartialSum, key, _exchange.Sums.Buffer(_board, key, length));
        if (!isRelaxed)
        {
            _exchange.Contributed(key, isEmpty ? 0 : length);
        }

        if (IsStar && IsHead)
        {
            return;
        }

        int receiver = IsStar ? _head : -1;
        if (isRelaxed && _relaxed!.IsTail(_board, key.Stage))
        {
            lock (_gate)
            {
                _core.SendTail(receiver, message, _driver.Now);
            }
        }
        else
        {
            Send(receiver, message);
        }
    }

    private void SendTotal(in StageKey key, Span<float> total) => Send(-1, _encoder.Encode(FrameKind.Total, key, total));

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

        while (_waitsForRoom && !_exchange.IsStopped && HasUnsent())
        {
            _driver.MoveOrWait();
        }
    }

    private bool HasUnsent()
    {
        lock (_gate)
        {
            return _core.HasUnsent;
        }
    }

    // In a star only the head board hears of a step that another gives up: it tells the rest.
    private void TellOthers(int peer, StageKey key, string reason)
    {
        if (IsHead && IsStar)
        {
            byte[] bytes = StreamFrame.ReasonBytes(reason);
            _core.SendToAll(DatagramMessages.Of(FrameKind.Abort, key, bytes, bytes.Length), _driver.Now, except: peer);
        }
    }

    // The first lost board ends the fabric. The others may not see it, and are told, three times: nobody may be left to answer a resend.
    private void Lose(int place, string text)
    {
        if (!_exchange.TryLose())
        {
            return;
        }

        byte[] bytes = StreamFrame.ReasonBytes(text);
        _core.SendToAll(DatagramMessages.Of(FrameKind.Lost, default, bytes, bytes.Length, firstToken: place), _driver.Now, except: place);
        _core.Repeat(_driver.Now);
        _core.Repeat(_driver.Now);
        _untold = (place, text);
        _exchange.EndFor(text);
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
