using Halo.Fabric.Datagrams;
using Halo.Fabric.Stages;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Lab.Model;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>
/// Boards that each walk steps at their own pace, in virtual time, over the laboratory's own model of a network. A board is a thread, but one at a
/// time runs: it hands over when it waits or computes, and goes on when something came for it or its time has come. What happens depends on the
/// seed alone.
/// </summary>
internal sealed class VirtualBoards : IDisposable
{
    private const int IpBytes = 28;

    private readonly NetworkModel _model;
    private readonly PriorityQueue<(int To, byte[] Datagram), (long At, long Order)> _flying = new();
    private readonly Node[] _nodes;
    private readonly Delivery[] _deliveries;
    private readonly SemaphoreSlim _turn = new(0); // of the thread that hands out turns
    private readonly CountdownEvent _ready;
    private readonly FabricSize _size;
    private readonly Random[] _noise;
    private readonly double _compute;
    private long _order;
    private Exception? _fault;
    private volatile bool _ended;

    /// <param name="boards">Boards.</param>
    /// <param name="options">How they exchange sums.</param>
    /// <param name="seed">Of losses and of the noise of computing.</param>
    /// <param name="computeMicroseconds">What a board computes before each of its sums, on average; a tenth of it is noise.</param>
    /// <param name="stages">Stages of a step.</param>
    internal VirtualBoards(int boards, DatagramOptions options, ulong seed, double computeMicroseconds, int stages)
    {
        _model = new NetworkModel(boards, seed);
        _ready = new CountdownEvent(boards);
        _compute = computeMicroseconds;
        _deliveries = new Delivery[2 * boards];
        _noise = [.. Enumerable.Range(0, boards).Select(board => new Random((int)seed * 1000 + board))];
        _nodes = [.. Enumerable.Range(0, boards).Select(board => new Node(this, board))];
        _size = new FabricSize
        {
            BoardCount = boards,
            StageCount = stages,
            MaxRows = 1,
            MaxLogitRows = 1,
            HiddenSize = 512,
            VocabularySize = 64,
            AnnouncementBytes = 4096,
        };
        string[] names = [.. _nodes.Select((_, board) => $"b{board}")];
        var keys = VirtualFabric.Keys(boards, options.Topology, FrameCipherKind.AesGcm);
        Ends = [.. names.Select((_, board) => new DatagramTransport(
            board, 0, names, keys[board], _size, options, spin: false, waitsForRoom: true, _nodes[board], onLost: null))];
    }

    internal IReadOnlyList<DatagramTransport> Ends { get; }

    /// <summary>Microseconds.</summary>
    internal long Now { get; private set; } = 1_000_000;

    internal long Sent { get; private set; }

    internal IEnumerable<LinkStatistics> Links => Ends.SelectMany(end => end.Statistics());

    /// <summary>Sets what all links do from now on.</summary>
    internal void Set(LinkSettings link) => _model.SetAll(link, Now * 1_000);

    internal void UseAir(AirSettings air) => _model.UseAir(air);

    /// <summary>Walks steps with all boards; returns microseconds a step.</summary>
    /// <param name="first">Number of the first.</param>
    /// <param name="count">How many.</param>
    /// <param name="check">Is given board, step and residual after the last stage.</param>
    internal double Walk(long first, int count, Action<int, long, float[]>? check = null)
    {
        long begun = Now;
        _ready.Reset();
        Thread[] threads = [.. _nodes.Select((node, board) => new Thread(() => node.Run(() => WalkOne(board, first, count, check))))];
        Array.ForEach(threads, thread => thread.Start());
        _ready.Wait();
        HandOutTurns();
        Array.ForEach(threads, thread => thread.Join());
        return _fault is null ? (double)(Now - begun) / count : throw new InvalidOperationException("A board failed.", _fault);
    }

    public void Dispose()
    {
        foreach (DatagramTransport end in Ends)
        {
            end.Dispose();
        }

        _turn.Dispose();
        _ready.Dispose();
    }

    private void WalkOne(int board, long first, int count, Action<int, long, float[]>? check)
    {
        ITransport end = Ends[board];
        byte[] announcement = new byte[_size.HiddenSize * sizeof(float)];
        for (long step = first; step < first + count; step++)
        {
            if (board == 0)
            {
                end.Announce(step, announcement);
            }
            else
            {
                Assert.False(end.ReceiveAnnouncement(out long number).IsEmpty);
                Assert.Equal(step, number);
            }

            float[] residual = new float[_size.HiddenSize];
            for (int stage = 0; stage < _size.StageCount; stage++)
            {
                StageKey key = new(1, step, stage);
                Span<float> sum = end.PartialSum(key, residual.Length);
                sum.Fill(board + 1);
                _nodes[board].Compute((long)(_compute * (0.9 + 0.2 * _noise[board].NextDouble())));
                end.Contribute(key, residual.Length);
                Assert.Equal(StageResult.Complete, end.Complete(key, residual));
            }

            check?.Invoke(board, step, residual);
            end.LogitBlock(1, board, 1, out _)[0] = board;
            end.EndStep(step, ResidualChecksum.Of(residual));
            if (board == 0)
            {
                Assert.Equal(StageResult.Complete, end.CompleteStep(step));
            }
        }
    }

    // One after the other in the order of their places, so that nothing depends on the system's scheduler.
    private void HandOutTurns()
    {
        while (Array.Exists(_nodes, node => !node.IsDone))
        {
            long next = _flying.TryPeek(out _, out (long At, long Order) flight) ? flight.At : long.MaxValue;
            foreach (Node node in _nodes)
            {
                next = Math.Min(next, node.WakeAt);
            }

            if (next == long.MaxValue || Now > 3_600_000_000 || _fault is not null)
            {
                _fault ??= new InvalidOperationException($"Stuck at {Now} us: no board will ever go on.");
                _ended = true;
                Array.ForEach(_nodes, node => node.Resume(_turn));
                return;
            }

            Now = Math.Max(Now, next);
            while (_flying.TryPeek(out _, out flight) && flight.At <= Now)
            {
                (int to, byte[] datagram) = _flying.Dequeue();
                _nodes[to].Arrive(datagram);
            }

            foreach (Node node in _nodes.Where(node => node.WakeAt <= Now))
            {
                node.Resume(_turn);
            }
        }
    }

    private void Send(int from, int to, ReadOnlySpan<byte> datagram)
    {
        Sent++;
        int count = _model.Route(Now * 1_000, from, to, datagram.Length + IpBytes, _deliveries);
        for (int i = 0; i < count; i++)
        {
            _flying.Enqueue((to, datagram.ToArray()), (_deliveries[i].Time / 1_000, _order++));
        }
    }

    private sealed class Node(VirtualBoards boards, int place) : IDatagramDriver
    {
        private readonly SemaphoreSlim _go = new(0);
        private readonly Queue<byte[]> _arrived = new();
        private DatagramCore? _core;
        private bool _computes;
        private long _until = long.MaxValue;
        private bool _woken;

        public long Now => boards.Now;

        internal bool IsDone { get; private set; } = true;

        // Where a thread has ended its steps, the timer of the real driver goes on.
        internal long WakeAt =>
            IsDone ? _arrived.Count > 0 ? boards.Now : _core!.Deadline
            : _computes ? _until
            : _woken || _arrived.Count > 0 ? boards.Now
            : _core!.Deadline;

        public void Start(DatagramCore core, Lock gate, Action<int, string> onLost, Action afterwards) => _core = core;

        public void Send(int peer, ReadOnlySpan<byte> datagram) => boards.Send(place, peer, datagram);

        public bool Move()
        {
            bool moved = _arrived.Count > 0;
            while (_arrived.TryDequeue(out byte[]? datagram))
            {
                _core!.OnDatagram(boards.Now, datagram);
            }

            _core!.Poll(boards.Now);
            return moved;
        }

        public void Wait() => HandOver();

        public void Wake() => _woken = true;

        public void Dispose() => _go.Dispose();

        internal void Arrive(byte[] datagram) => _arrived.Enqueue(datagram);

        internal void Compute(long microseconds)
        {
            (_computes, _until) = (true, boards.Now + microseconds);
            HandOver();
            (_computes, _until) = (false, long.MaxValue);
        }

        internal void Run(Action walk)
        {
            // The first turn: all threads begin with one.
            (_computes, _until, IsDone) = (true, boards.Now, false);
            boards._ready.Signal();
            _go.Wait();
            _computes = false;
            try
            {
                walk();
            }
            catch (Exception fault)
            {
                boards._fault ??= fault;
            }

            IsDone = true;
            boards._turn.Release();
        }

        internal void Resume(SemaphoreSlim turn)
        {
            if (IsDone)
            {
                Move();
                return;
            }

            _woken = false;
            _go.Release();
            turn.Wait();
        }

        private void HandOver()
        {
            boards._turn.Release();
            _go.Wait();
            ObjectDisposedException.ThrowIf(boards._ended, boards);
        }
    }
}
