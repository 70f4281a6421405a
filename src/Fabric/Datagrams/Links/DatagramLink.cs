using Halo.Fabric.Datagrams.Format;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Datagrams.Links;

/// <summary>
/// One board's link to another, both directions: makes datagrams and takes them. It has no socket and no clock: every call says what time it is,
/// in microseconds on a clock that never goes back. Not safe for threads; allocates nothing a datagram.
/// </summary>
internal sealed class DatagramLink : IDisposable
{
    private const long SilentAtFirst = 10_000_000;

    private readonly int _place;
    private readonly int _peer;
    private readonly OutgoingProtection _protection;
    private readonly CongestionMeter _congestion;
    private readonly DatagramKeys _keys;
    private readonly IDatagramSink _sink;
    private readonly IChunkReceiver _receiver;
    private readonly IRelay _relay;
    private readonly AeadCipher _sealer;
    private readonly AeadCipher _opener;
    private readonly OutgoingChunks _outgoing;
    private readonly OutgoingParity _outgoingParity;
    private readonly ChunkIntake _intake;
    private readonly PacketWindow _packets = new();
    private readonly byte[] _scratch = GC.AllocateArray<byte>(DatagramFormat.MaxBytes, pinned: true);
    private RoundTrip _roundTrip;
    private EchoWatch _echoes;
    private bool _resentOver; // the last resend went over a third board
    private LinkCounts _counts;
    private Redundancy _train = Redundancy.None; // of the last SendNew
    private bool _ridesAlong; // whether chunks that may be lost ride on what is sent later: of use where they have not been sent twice
    private ulong _number;           // of the last datagram sent
    private uint _echo;
    private long _echoAt = -1;       // when it came; -1 before the first datagram
    private uint _sampledEcho;
    private long _begunAt;           // when the first datagram was sent
    private long _copyFrom;          // chunks sent for the first time by the last SendNew

    /// <param name="place">This board's place.</param>
    /// <param name="peer">The other's.</param>
    /// <param name="keys">The keys between the two.</param>
    /// <param name="window">Most chunks on the way to the other at once.</param>
    /// <param name="protection">What may be sent beyond the first of each chunk.</param>
    /// <param name="stageLinks">Directed links whose chunks a stage waits for.</param>
    /// <param name="sink">Sends.</param>
    /// <param name="receiver">Takes chunks.</param>
    /// <param name="relay">This board's other links.</param>
    internal DatagramLink(int place, int peer, DatagramKeys keys, int window, LinkProtection protection, int stageLinks, IDatagramSink sink, IChunkReceiver receiver, IRelay relay)
    {
        _place = place;
        _peer = peer;
        _keys = keys;
        _protection = new OutgoingProtection(protection, window, stageLinks);
        _congestion = new CongestionMeter(peer, protection.Spikes);
        _sink = sink;
        _receiver = receiver;
        _relay = relay;
        _intake = new ChunkIntake(peer, receiver);
        _outgoing = new OutgoingChunks(_protection.Window);
        _ridesAlong = _protection.IsProtected;
        _outgoingParity = new OutgoingParity(_outgoing);
        _sealer = new AeadCipher(keys.Cipher, keys.Send.Key);
        _opener = new AeadCipher(keys.Cipher, keys.Receive.Key);
    }

    /// <summary>Whether a chunk was never sent: the window is full.</summary>
    internal bool HasUnsent => _outgoing.HasUnsent;

    /// <summary>Whether nothing is left to send or to acknowledge.</summary>
    internal bool IsQuiet => !_outgoing.HasUnsent && !_outgoing.HasUnacknowledged && _intake.AnswerBy == long.MaxValue;

    /// <summary>When <see cref="Poll"/> has something to do; <see cref="long.MaxValue"/> where only a datagram can change that.</summary>
    internal long Deadline => Math.Min(_intake.AnswerBy, _outgoing.NextDue(_roundTrip));

    /// <summary>Directed links whose chunks a stage waits for.</summary>
    internal int StageLinks
    {
        get => _protection.StageLinks;
        set => _protection.StageLinks = value;
    }

    /// <summary>Times that a chunk is sent at once where it is alone.</summary>
    internal int Copies => _protection.Choose(1, _roundTrip).Copies;

    /// <summary>Times that the chunks of the last <see cref="SendNew"/> are sent at once.</summary>
    internal int TrainCopies => _train.Copies;

    /// <summary>Whether what is sent at once is lost at once: copies should go another way.</summary>
    internal bool IsBursty => _protection.IsBursty;

    /// <summary>Whether what was sent last by the straight way did not come.</summary>
    internal bool IsBad => _echoes.IsBad;

    /// <summary>Packet loss rate of what comes over it, 0 to 1.</summary>
    internal double IncomingLoss => _packets.Loss.Mean;

    /// <summary>The smoothed round trip in microseconds; 0 while it is not known.</summary>
    internal long RoundTripMean => _roundTrip.Mean;

    /// <summary>Adds a message, for <see cref="SendNew"/>.</summary>
    internal void Queue(in OutgoingMessage message) => _outgoing.Queue(message);

    /// <summary>Sends what the window allows of chunks that were never sent, with copies of earlier ones where they fit.</summary>
    internal void SendNew(long now)
    {
        _copyFrom = _outgoing.Unsent;
        int datagrams = 0;
        while (_outgoing.CanSend)
        {
            DatagramWriter writer = new(_scratch);
            long first = _outgoing.Unsent;
            _outgoing.AddNew(ref writer, now);
            if (_ridesAlong)
            {
                _counts.CopiedChunks += _outgoing.AddRiders(ref writer, first);
            }

            Send(ref writer, now);
            datagrams++;
        }

        Plan(datagrams);
    }

    /// <summary>Sends parity for what was sent, if that was chosen and no more chunks are to come under it.</summary>
    internal void SendParity(long now)
    {
        if (_train.GroupSize == 0 || !_outgoingParity.IsComplete)
        {
            return;
        }

        while (true)
        {
            DatagramWriter writer = new(_scratch);
            _counts.CopiedChunks += _outgoingParity.AddTo(ref writer, _train.GroupSize);
            if (writer.Chunks == 0)
            {
                break;
            }

            Send(ref writer, now);
        }

        _outgoingParity.BeginRun();
    }

    /// <summary>Sends once more what the last <see cref="SendNew"/> sent first.</summary>
    internal void SendCopy(long now)
    {
        long from = _copyFrom;
        while (from < _outgoing.Unsent)
        {
            DatagramWriter writer = new(_scratch);
            _counts.CopiedChunks += _outgoing.AddCopies(ref writer, ref from, _outgoing.Unsent);
            if (writer.Chunks > 0)
            {
                Send(ref writer, now);
            }
        }
    }

    /// <summary>The same over a third board: a link that is bad for longer than a stage is bad for all copies.</summary>
    /// <param name="now">The time.</param>
    /// <param name="third">The link to that board.</param>
    internal void SendCopyOver(DatagramLink third, long now)
    {
        long from = _copyFrom;
        while (from < _outgoing.Unsent)
        {
            DatagramWriter writer = new(third._scratch);
            _counts.CopiedChunks += _outgoing.AddCopies(ref writer, ref from, _outgoing.Unsent, ChunkRoute.ToCarry, _peer);
            if (writer.Chunks > 0)
            {
                third.Send(ref writer, now);
            }
        }
    }

    /// <summary>Sends a chunk that is neither acknowledged nor sent again.</summary>
    internal void SendLoose(in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        DatagramWriter writer = new(_scratch);
        writer.TryAdd(head, bytes);
        _counts.CopiedChunks += head.Copy > 0 ? 1 : _ridesAlong ? _outgoing.AddRiders(ref writer, _outgoing.Unsent) : 0;
        Send(ref writer, now);
    }

    /// <summary>Whether something of a step's stages up to one is not acknowledged, or waits to be sent.</summary>
    internal bool HasUnacknowledgedUpTo(in StageKey key) => _outgoing.HasUnacknowledgedUpTo(key);

    /// <summary>Sends one chunk of another board.</summary>
    internal void SendCarried(in ChunkHead head, ReadOnlySpan<byte> bytes, long now)
    {
        DatagramWriter writer = new(_scratch);
        if (writer.TryAdd(head, bytes))
        {
            _counts.CarriedChunks++;
            Send(ref writer, now);
        }
    }

    /// <summary>Takes a chunk of the other board that a third one brought.</summary>
    internal bool TakeCarried(in ChunkHead head, ReadOnlySpan<byte> bytes, long now) => _intake.Take(head, bytes, Moment(now));

    /// <summary>Sends what is due: chunks whose acknowledgement is overdue, and the acknowledgement that the other waits for.</summary>
    /// <param name="now">The time.</param>
    /// <param name="third">A link over which every other resend goes, as this one is bad; null where it is not.</param>
    internal void Poll(long now, DatagramLink? third)
    {
        if (_counts.ReceivedDatagrams == 0 && _number > 0 && now - _begunAt > SilentAtFirst)
        {
            _receiver.OnBroken(_peer, "no datagram of it has come within 10 s: check that nothing between the two blocks UDP");
        }

        while (_outgoing.NextDue(_roundTrip) <= now)
        {
            DatagramLink over = third is not null && !_resentOver ? third : this;
            _resentOver = over != this;
            DatagramWriter writer = new(over._scratch);
            _counts.ResentChunks += _resentOver
                ? _outgoing.AddOverdue(ref writer, now, _roundTrip, ChunkRoute.ToCarry, _peer)
                : _outgoing.AddOverdue(ref writer, now, _roundTrip);
            over.Send(ref writer, now);
        }

        if (_intake.AnswerBy <= now)
        {
            DatagramWriter writer = new(_scratch);
            Send(ref writer, now);
        }
    }

    /// <summary>Takes a datagram that claims to come from the other board; false where it is altered, replayed, or sealed by somebody else.</summary>
    /// <param name="now">The time.</param>
    /// <param name="keyId">The key that it names.</param>
    /// <param name="number">Its packet number.</param>
    /// <param name="datagram">All of it; overwritten.</param>
    /// <param name="waited">Microseconds that it may have lain in the system's buffer, at most.</param>
    internal bool TryTake(long now, uint keyId, ulong number, Span<byte> datagram, long waited)
    {
        Span<byte> body = datagram[DatagramFormat.OutsideBytes..];
        if (keyId != _keys.Receive.Id || !_packets.IsFresh(number) || !_opener.TryOpen(number, datagram[..DatagramFormat.OutsideBytes], body))
        {
            _counts.RejectedDatagrams++;
            return false;
        }

        _counts.NoteReceived(now, datagram.Length);
        body = body[..^AeadCipher.TagBytes];
        DatagramHead head = DatagramHead.Read(body);
        _packets.TryTake(number, _congestion.IsFromFullQueue(now, number, head.SentAt, waited));
        if (!TakeHead(head, now) || !TakeChunks(body[DatagramHead.Bytes..], head.Chunks, now))
        {
            _receiver.OnBroken(_peer, "it sent a datagram that does not fit the step");
        }

        return true;
    }

    /// <summary>What is known of the link.</summary>
    /// <param name="board">The other board's name.</param>
    /// <param name="now">The time.</param>
    internal LinkStatistics Snapshot(string board, long now) => _counts.Snapshot(board, now) with
    {
        IncomingLoss = _packets.Loss.Mean,
        IncomingLossWindow = _packets.Loss.Window,
        IncomingIncastLoss = _packets.Loss.Incast,
        IncomingBurst = _packets.Loss.Burst,
        OutgoingLoss = _protection.Loss,
        OutgoingIncastLoss = _protection.Incast,
        OutgoingBurst = _protection.Burst,
        RoundTrip = TimeSpan.FromMicroseconds(_roundTrip.Mean),
        RoundTripDeviation = TimeSpan.FromMicroseconds(_roundTrip.Deviation),
        Copies = Copies,
        Window = _protection.Window.Size,
        ParityChunks = _outgoingParity.Made,
        DuplicateChunks = _intake.Duplicates,
        RecoveredChunks = _intake.Recovered,
    };

    public void Dispose()
    {
        _sealer.Dispose();
        _opener.Dispose();
    }

    private void Send(ref DatagramWriter writer, long now)
    {
        uint held = _echoAt < 0 ? DatagramHead.NoEcho : (uint)Math.Min(now - _echoAt, DatagramHead.NoEcho - 1);
        DatagramHead head = OutgoingProtection.Report(
            new DatagramHead(_intake.Chunks.Next, _intake.Chunks.Later, unchecked((uint)now), _echo, held, 0, 0), _packets);
        _number = checked(_number + 1);
        _begunAt = _number == 1 ? now : _begunAt;
        ReadOnlySpan<byte> datagram = writer.Seal(head, _sealer, _place, _keys.Send.Id, _number);
        _counts.NoteSent(now, datagram.Length);
        _echoes.NoteSent(unchecked((uint)now));
        _intake.AnswerBy = long.MaxValue;
        _sink.Send(_peer, datagram);
    }

    private bool TakeHead(in DatagramHead head, long now)
    {
        if (_echoAt < 0 || unchecked((int)(head.SentAt - _echo)) >= 0)
        {
            (_echo, _echoAt) = (head.SentAt, now);
            _protection.TakeReport(head, now, _roundTrip);
            _outgoing.IsEager = _protection.IsProtected && _protection.Loss > 0;
        }

        if (head.Held != DatagramHead.NoEcho)
        {
            TakeEcho(head, now);
        }

        return _outgoing.Acknowledge(head.Acknowledged, head.Later);
    }

    private void TakeEcho(in DatagramHead head, long now)
    {
        _echoes.Take(unchecked((uint)now), head.Echo, (uint)(_roundTrip.Mean + Math.Max(500, 2 * _roundTrip.Deviation)));
        if (head.Echo != _sampledEcho)
        {
            _sampledEcho = head.Echo;
            _roundTrip.Add(unchecked((uint)now - head.Echo) - (long)head.Held);
        }
    }

    // Chunks that were never sent have gone out. While more are to come, parity waits for these; copies do not.
    private void Plan(int datagrams)
    {
        if (datagrams == 0)
        {
            _train = Redundancy.None;
            return;
        }

        _outgoingParity.NoteSent(datagrams);
        _train = _protection.Choose(_outgoingParity.Datagrams, _roundTrip);
        _ridesAlong = _protection.IsProtected && (_train.Copies == 1 || IsBursty);
        if (_train.GroupSize == 0)
        {
            _outgoingParity.BeginRun();
        }
    }

    private IntakeMoment Moment(long now) => new(now, _roundTrip.AcknowledgeWithin, _protection.HasParity && _packets.Loss.Mean > 0);

    private bool TakeChunks(ReadOnlySpan<byte> bytes, int count, long now)
    {
        IntakeMoment moment = Moment(now);
        for (; count > 0; count--)
        {
            if (!ChunkHead.TryRead(bytes, out ChunkHead head))
            {
                return false;
            }

            ReadOnlySpan<byte> chunk = bytes.Slice(ChunkHead.Bytes, head.ChunkBytes);
            bool makesSense = head.Route switch
            {
                ChunkRoute.ToCarry => _relay.Carry(_peer, head, chunk, now),
                ChunkRoute.Carried => _relay.TakeCarried(head, chunk, now),
                ChunkRoute.Parity => _intake.TakeParity(head, chunk, moment),
                _ => _intake.Take(head, chunk, moment),
            };
            if (!makesSense)
            {
                return false;
            }

            bytes = bytes[(ChunkHead.Bytes + head.ChunkBytes)..];
        }

        return bytes.IsEmpty;
    }
}
