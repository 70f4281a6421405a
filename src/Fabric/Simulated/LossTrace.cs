namespace Halo.Fabric.Simulated;

/// <summary>
/// Which chunks a simulated network loses. Independent losses are a hash of what is sent (SplitMix64's finaliser, Steele and others 2014), so that schemes
/// which are compared lose the same chunks whatever else they do; bad periods alternate with good ones, both exponentially long. Not safe for threads that
/// share receivers.
/// </summary>
internal sealed class LossTrace
{
    private readonly SimulatedLoss _loss;
    private readonly int _boardCount;
    private readonly int _head;
    private readonly List<double>?[] _switches; // (from, to): times in stages at which the link turns bad, good, bad, ...

    /// <param name="loss">What is lost.</param>
    /// <param name="boardCount">Boards.</param>
    /// <param name="head">The head board's place.</param>
    internal LossTrace(SimulatedLoss loss, int boardCount, int head)
    {
        (_loss, _boardCount, _head) = (loss, boardCount, head);
        _switches = new List<double>?[boardCount * boardCount];
    }

    /// <summary>Whether a link loses anything.</summary>
    internal bool IsLossy(int from, int to) => _loss.BadBoards is not { } bad || IsBad(from, bad) || (!_loss.OutgoingOnly && IsBad(to, bad));

    /// <summary>Whether all copies of a chunk are lost.</summary>
    /// <param name="token">Counts rows over all steps.</param>
    /// <param name="stage">The stage.</param>
    /// <param name="stageCount">Stages of a step.</param>
    /// <param name="chunk">The chunk of the sum.</param>
    /// <param name="from">Its sender.</param>
    /// <param name="to">Its receiver.</param>
    internal bool IsLost(long token, int stage, int stageCount, int chunk, int from, int to)
    {
        if (!IsLossy(from, to))
        {
            return false;
        }

        if (_loss.BadShare > 0 && _loss.Burst > TimeSpan.Zero && IsBadAt(from, to, (token * stageCount) + stage))
        {
            return true;
        }

        for (int copy = 0; copy < _loss.Copies; copy++)
        {
            if (Uniform(token, stage, chunk, from, to, copy) >= _loss.Loss)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Whether a chunk that was lost comes a stage later.</summary>
    internal bool ComesLate(long token, int stage, int chunk, int from, int to) =>
        _loss.LateShare > 0 && Uniform(token, stage, chunk, from, to, copy: -1) < _loss.LateShare;

    private bool IsBad(int board, int bad) => board != _head && Rank(board) >= _boardCount - bad;

    // The head board first, then the others as they stand.
    private int Rank(int board) => board == _head ? 0 : board < _head ? board + 1 : board;

    private bool IsBadAt(int from, int to, double time)
    {
        int link = (from * _boardCount) + to;
        List<double> switches = _switches[link] ??= [];
        double meanBad = _loss.Burst / _loss.StageTime;
        double meanGood = meanBad * (1 - _loss.BadShare) / _loss.BadShare;
        double last = switches.Count == 0 ? 0 : switches[^1];
        while (last <= time)
        {
            double mean = switches.Count % 2 == 0 ? meanGood : meanBad;
            last += -mean * Math.Log(1 - Uniform(switches.Count, -1, 0, from, to, 0));
            switches.Add(last);
        }

        int index = switches.BinarySearch(time);
        return (index >= 0 ? index + 1 : ~index) % 2 == 1;
    }

    private double Uniform(long token, int stage, int chunk, int from, int to, int copy)
    {
        ulong value = Mix(_loss.Seed);
        value = Mix(value ^ (ulong)token);
        value = Mix(value ^ ((ulong)(uint)stage << 32 | (uint)chunk));
        value = Mix(value ^ ((ulong)(uint)from << 40 | (ulong)(uint)to << 16 | (ushort)copy));
        return (value >> 11) * (1.0 / (1ul << 53));
    }

    private static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
