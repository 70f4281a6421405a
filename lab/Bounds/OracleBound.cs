using Halo.Lab.Model;

namespace Halo.Lab.Bounds;

/// <summary>What a bound is for.</summary>
public sealed record BoundSetting
{
    /// <summary>Boards, 2 or more; the first is the head.</summary>
    public required int Boards { get; init; }

    /// <summary>All-reduces a token.</summary>
    public required int Stages { get; init; }

    /// <summary>Whether sums go through the head, with two one-way delays a stage instead of one.</summary>
    public bool IsStar { get; init; }

    /// <summary>One-way delay of every link.</summary>
    public required TimeSpan Delay { get; init; }

    /// <summary>Time of a token where nothing is lost: T0. What of it is not delay is computing, the same in every stage.</summary>
    public required TimeSpan LossFree { get; init; }

    /// <summary>Bad periods of every link; null for none.</summary>
    public BurstSettings? Bursts { get; init; }

    /// <summary>The one board whose links have bad periods, from 0; null where all have them.</summary>
    public int? BadBoard { get; init; }

    /// <summary>Tokens to walk through.</summary>
    public int Tokens { get; init; } = 60;

    /// <summary>The seed of the emulator: bad periods are then the same as its own.</summary>
    public ulong Seed { get; init; }
}

/// <summary>Time of a token with a sender that knows its links.</summary>
/// <param name="Direct">Every message by its own link.</param>
/// <param name="Relayed">By its own link or over any third board, whichever arrives first.</param>
public readonly record struct OracleTimes(TimeSpan Direct, TimeSpan Relayed);

/// <summary>
/// The bound below for whatever waits for all sums: a sender that knows its link's state and sends the moment the link is good. Independent loss costs it
/// nothing; a bad period costs what is left of it, or the way round it. Skipping or overlapping exchanges can go below.
/// </summary>
public static class OracleBound
{
    /// <summary>Walks the stages of all tokens over one trace of bad periods.</summary>
    public static OracleTimes Compute(BoundSetting setting) => new(Walk(setting, mayRelay: false), Walk(setting, mayRelay: true));

    private static TimeSpan Walk(BoundSetting setting, bool mayRelay)
    {
        int boards = setting.Boards;
        Links links = new(setting, mayRelay);
        double compute = Math.Max(0, (setting.LossFree.TotalNanoseconds / setting.Stages) - (setting.Delay.TotalNanoseconds * (setting.IsStar ? 2 : 1)));
        long[] ready = new long[boards];
        for (long stage = 0; stage < (long)setting.Tokens * setting.Stages; stage++)
        {
            long[] complete = setting.IsStar ? Star(links, ready) : Mesh(links, ready);
            for (int board = 0; board < boards; board++)
            {
                ready[board] = complete[board] + (long)compute;
            }
        }

        return TimeSpan.FromMicroseconds(ready.Max() / 1e3 / setting.Tokens);
    }

    private static long[] Mesh(Links links, long[] ready) => [.. ready.Select((own, to) =>
        Math.Max(own, Enumerable.Range(0, ready.Length).Where(from => from != to).Max(from => links.Arrive(from, to, ready[from]))))];

    private static long[] Star(Links links, long[] ready)
    {
        long sum = Math.Max(ready[0], Enumerable.Range(1, ready.Length - 1).Max(from => links.Arrive(from, 0, ready[from])));
        return [.. ready.Select((_, to) => to == 0 ? sum : links.Arrive(0, to, sum))];
    }

    private sealed class Links
    {
        private readonly BurstTrace[] _traces; // (boards, boards)
        private readonly int _boards;
        private readonly long _delay;
        private readonly bool _mayRelay;

        internal Links(BoundSetting setting, bool mayRelay)
        {
            _boards = setting.Boards;
            _delay = (long)setting.Delay.TotalNanoseconds;
            _mayRelay = mayRelay;
            _traces = [.. Enumerable.Range(0, _boards * _boards).Select(
                index => new BurstTrace(setting.Seed, index / _boards, index % _boards, IsBad(setting, index) ? setting.Bursts : null))];
        }

        internal long Arrive(int from, int to, long sent)
        {
            long first = Hop(from, to, sent);
            if (!_mayRelay || first == sent + _delay)
            {
                return first;
            }

            for (int third = 0; third < _boards; third++)
            {
                if (third != from && third != to)
                {
                    first = Math.Min(first, Hop(third, to, Hop(from, third, sent)));
                }
            }

            return first;
        }

        private static bool IsBad(BoundSetting setting, int index) =>
            setting.BadBoard is not { } bad || index / setting.Boards == bad || index % setting.Boards == bad;

        private long Hop(int from, int to, long sent) => _traces[(from * _boards) + to].NextGood(sent) + _delay;
    }
}
