using Halo.Fabric.Datagrams;

namespace Halo.Fabric.Tests.Datagrams;

/// <summary>
/// A network in virtual time that one thread drives: while a board waits, the next thing happens, wherever it is: a datagram comes, or a timer
/// runs out. Seeded; every directed link has random numbers of its own.
/// </summary>
internal sealed class VirtualNetwork
{
    private const long MostSteps = 5_000_000;

    private readonly PriorityQueue<(int From, int To, byte[] Datagram), (long At, long Order)> _flying = new();
    private readonly Random[] _random; // by directed link
    private readonly Node[] _nodes;
    private readonly long[] _freeAt; // by place: when its last hop is free
    private long _order;
    private long _steps;

    internal VirtualNetwork(int boards, int seed, Impairments impairments)
    {
        Impairments = impairments;
        _random = [.. Enumerable.Range(0, boards * boards).Select(link => new Random(Mix(seed, link, 7919)))];
        _freeAt = new long[boards];
        _nodes = [.. Enumerable.Range(0, boards).Select(place => new Node(this, place))];
    }

    internal Impairments Impairments { get; set; }

    /// <summary>Microseconds.</summary>
    internal long Now { get; private set; } = 1_000_000;

    internal long Lost { get; private set; }

    internal long Sent { get; private set; }

    /// <summary>Lost because a queue was full; part of <see cref="Lost"/>.</summary>
    internal long Overflowed { get; private set; }

    /// <summary>Sees every datagram that is sent; may send others with <see cref="Inject"/>.</summary>
    internal Action<int, int, byte[]> OnSent { get; set; } = (_, _, _) => { };

    internal IDatagramDriver Driver(int board) => _nodes[board];

    /// <summary>Lets a datagram, of whatever bytes, come to a board now.</summary>
    internal void Inject(int to, byte[] datagram) => Fly(-1, to, datagram, 0);

    /// <summary>Lets virtual time pass, with all that happens in it.</summary>
    internal void Run(long microseconds)
    {
        long end = Now + microseconds;
        while (NextEvent() <= end)
        {
            Step();
        }

        Now = end;
    }

    private void Send(int from, int to, ReadOnlySpan<byte> datagram)
    {
        Sent++;
        byte[] bytes = datagram.ToArray();
        OnSent(from, to, bytes);
        Random random = _random[from * _nodes.Length + to];
        bool lost = random.NextDouble() < Impairments.Loss || IsBad(from, to);
        bool twice = random.NextDouble() < Impairments.Duplication;
        bool late = random.NextDouble() < Impairments.Reordering;
        double extra = random.NextDouble();
        if (lost)
        {
            Lost++;
            return;
        }

        long queued = Queue(to);
        if (queued < 0)
        {
            Lost++;
            Overflowed++;
            return;
        }

        Fly(from, to, bytes, queued + Impairments.Delay + (late ? (long)(extra * 5 * Impairments.Delay) : 0));
        if (twice)
        {
            Fly(from, to, [.. bytes], Impairments.Delay + (long)(extra * 3 * Impairments.Delay));
        }
    }

    // How long a datagram to a board is held up by others; -1 where the queue is full.
    private long Queue(int to)
    {
        long wait = Math.Max(0, _freeAt[to] - Now);
        if (Impairments.ServiceTime == 0 || wait / Impairments.ServiceTime >= Impairments.QueueLength)
        {
            return Impairments.ServiceTime == 0 ? 0 : -1;
        }

        _freeAt[to] = Now + wait + Impairments.ServiceTime;
        return wait + Impairments.ServiceTime;
    }

    // Bad periods are cut out of time: which slots are bad depends on the link and the slot alone.
    private bool IsBad(int from, int to) =>
        Impairments.BadTime > 0 && new Random(Mix(from * _nodes.Length + to, (int)(Now / Impairments.BurstTime), 104_729)).NextDouble() < Impairments.BadTime;

    // SplitMix64's finisher: neighbouring links must not be alike. HashCode would change from run to run.
    private static int Mix(int a, int b, int c)
    {
        ulong x = (uint)a * 0x9E3779B97F4A7C15 + (uint)b * 0xBF58476D1CE4E5B9 + (uint)c * 0x94D049BB133111EB;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return (int)(x ^ (x >> 31));
    }

    private void Fly(int from, int to, byte[] bytes, long delay) => _flying.Enqueue((from, to, bytes), (Now + delay, _order++));

    private long NextEvent()
    {
        long next = _flying.TryPeek(out _, out (long At, long Order) first) ? first.At : long.MaxValue;
        foreach (Node node in _nodes)
        {
            next = Math.Min(next, node.Deadline);
        }

        return next;
    }

    private void Step()
    {
        long next = NextEvent();
        if (next == long.MaxValue || ++_steps > MostSteps)
        {
            throw new InvalidOperationException($"Stuck at {Now} us: {(next == long.MaxValue ? "nothing will ever happen" : "too much happens")}.");
        }

        Now = Math.Max(Now, next);
        while (_flying.TryPeek(out _, out (long At, long Order) first) && first.At <= Now)
        {
            (_, int to, byte[] bytes) = _flying.Dequeue();
            _nodes[to].Take(bytes);
        }

        foreach (Node node in _nodes)
        {
            node.Poll();
        }
    }

    private sealed class Node(VirtualNetwork network, int place) : IDatagramDriver
    {
        private DatagramCore? _core;
        private bool _moved;

        internal long Deadline => _core?.Deadline ?? long.MaxValue;

        public long Now => network.Now;

        public void Start(DatagramCore core, Lock gate, Action<int, string> onLost, Action afterwards) => _core = core;

        public void Send(int peer, ReadOnlySpan<byte> datagram) => network.Send(place, peer, datagram);

        public bool Move()
        {
            Poll();
            bool moved = _moved;
            _moved = false;
            return moved;
        }

        public void Wait() => network.Step();

        public void Wake() => _moved = true;

        public void Dispose() => _core = null;

        internal void Take(byte[] datagram)
        {
            _core?.OnDatagram(network.Now, datagram);
            _moved = true;
        }

        internal void Poll() => _core?.Poll(network.Now);
    }
}
