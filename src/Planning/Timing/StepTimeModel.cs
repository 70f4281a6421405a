using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Timing;

/// <summary>One prediction at work; see <see cref="StepTime"/>.</summary>
internal sealed class StepTimeModel
{
    private readonly ModelProfile _model;
    private readonly BoardProfile[] _boards;
    private readonly Plan _plan;
    private readonly SumPolicy _policy;
    private readonly StepTimeOptions _options;
    private readonly int _head;
    private readonly double _delay;
    private readonly Dictionary<(int Layer, ShardKind Kind), int[]> _held;

    internal StepTimeModel(ModelProfile model, BoardProfile[] boards, Plan plan, SumPolicy policy, StepTimeOptions options)
    {
        _model = model;
        _boards = boards;
        _plan = plan;
        _policy = policy;
        _options = options;
        _head = Array.FindIndex(boards, board => board.Name == plan.HeadBoard);
        _delay = boards.Length > 1 ? boards.Max(board => board.DelaySeconds) : 0;
        _held = plan.Shards.Where(shard => shard.Replica == 0).GroupBy(shard => (shard.Shard.Layer, shard.Shard.Kind)).ToDictionary(
            stage => stage.Key,
            stage => boards.Select(board => stage.Where(shard => shard.Board == board.Name).Sum(shard => shard.GroupCount)).ToArray());
    }

    private bool IsTcp => _policy is SumPolicy.Tcp or SumPolicy.TcpLowRto;

    private bool IsStar => _options.Topology == SumTopology.Star;

    internal StepTime Predict()
    {
        if (IsTcp || _policy == SumPolicy.Strict)
        {
            return Predict(_policy, 1);
        }

        // As many copies as pay where everything is waited for; the tail of a relaxed stage gets as many.
        int copies = _options.Copies ?? Enumerable.Range(1, _options.MostCopies).MinBy(count => Predict(SumPolicy.Protected, count).Seconds);
        return Predict(_policy, copies);
    }

    private StepTime Predict(SumPolicy policy, int copies)
    {
        StepTime sum = new() { ComputeSeconds = 0, DelaySeconds = 0, DatagramSeconds = 0, WaitSeconds = 0, ZeroLossSeconds = 0, ProcessorSeconds = 0, Copies = copies };
        int legs = IsStar ? 2 : 1;
        double stageWait = IsStar ? Wait(policy, copies, ToHead()) + Wait(policy, copies, FromHead()) : Wait(policy, copies, Mesh());
        int[] stageDatagrams = [.. _boards.Select((_, board) => IsStar ? board == _head ? _boards.Length - 1 : 1 : _boards.Length - 1)];
        foreach (((_, ShardKind kind), int[] counts) in _held.Where(stage => stage.Key.Kind != ShardKind.Vocabulary))
        {
            sum = Add(sum, kind, counts, stageDatagrams, copies, legs * _delay, stageWait);
        }

        // Half of what a stage of a star sends: announcement out, logits in.
        int[] none = new int[_boards.Length];
        int[] oneWay = [.. _boards.Select((_, board) => board == _head ? _boards.Length - 1 : 1)];
        sum = Add(sum, ShardKind.Vocabulary, none, oneWay, copies, _delay, Wait(policy, copies, FromHead()), share: 0.5);
        int[] tokens = _held.GetValueOrDefault((ShardId.OutputLayer, ShardKind.Vocabulary)) ?? none;
        return Add(sum, ShardKind.Vocabulary, tokens, oneWay, copies, _delay, Wait(policy, copies, ToHead()), share: 0.5);
    }

    private StepTime Add(StepTime sum, ShardKind kind, int[] counts, int[] datagrams, int copies, double delay, double wait, double share = 1)
    {
        if (_boards.Length == 1)
        {
            (datagrams, wait) = ([0], 0);
        }

        double each = IsTcp ? _options.StreamSeconds : _options.DatagramSeconds + (copies - 1) * _options.CopySeconds;
        double[] compute = [.. _boards.Select((board, index) => _options.StageSeconds
            + (counts[index] == 0 ? 0 : PlanCost.StageSeconds(_plan, _model, board, kind, counts[index]) - board.DelaySeconds))];
        double[] sending = [.. datagrams.Select(count => share * count * _options.DatagramsPerSum * each)];
        (double Compute, double Sending) busiest = Machines(compute, sending).MaxBy(machine => machine.Compute + machine.Sending);
        return sum with
        {
            ComputeSeconds = sum.ComputeSeconds + busiest.Compute,
            DatagramSeconds = sum.DatagramSeconds + busiest.Sending,
            DelaySeconds = sum.DelaySeconds + delay,
            WaitSeconds = sum.WaitSeconds + wait,
            ProcessorSeconds = sum.ProcessorSeconds + compute.Sum() + sending.Sum(),
        };
    }

    // Boards of one machine end when the slowest of them has ended, and not before the machine's cores have done the work of all.
    private IEnumerable<(double Compute, double Sending)> Machines(double[] compute, double[] sending)
    {
        foreach (IGrouping<string, int> machine in Enumerable.Range(0, _boards.Length).GroupBy(board => _boards[board].Host ?? $"/{board}"))
        {
            int cores = machine.Max(board => _boards[board].Cores);
            yield return (machine.Sum(board => compute[board]) / (machine.Count() == 1 ? 1 : cores), machine.Sum(board => sending[board]) / (machine.Count() == 1 ? 1 : cores));
            int slowest = machine.MaxBy(board => compute[board] + sending[board]);
            yield return (compute[slowest], sending[slowest]);
        }
    }

    private double Wait(SumPolicy policy, int copies, (int Sender, double Loss)[] messages)
    {
        double roundTrip = 2 * _delay;
        double[] losses = [.. messages.Select(message => message.Loss)];
        if (IsTcp)
        {
            double timer = (policy == SumPolicy.Tcp ? _options.RtoSeconds : _options.LowRtoSeconds) + _options.RtoRoundTrips * roundTrip;
            double? probe = IsStar ? null : Math.Min(timer, _options.ProbeRoundTrips * roundTrip + _options.ProbeSeconds);
            return LossWait.Streams(losses, probe, timer, _options.RepairLoss);
        }

        double first = Math.Max(_options.LeastResendSeconds, _options.ResendRoundTrips * roundTrip);
        double later = Math.Max(_options.LeastResendSeconds, roundTrip / 2);
        if (policy != SumPolicy.Relaxed)
        {
            return LossWait.Datagrams(losses, copies, first, later, doubling: policy == SumPolicy.Strict);
        }

        ILookup<bool, double> critical = messages.ToLookup(message => IsCritical(message.Sender), message => message.Loss);
        double tail = LossWait.Any(critical[false], loss => Math.Pow(loss, copies)) * _options.TailSeconds;
        return LossWait.Datagrams([.. critical[true]], copies, first, later, doubling: false) + tail;
    }

    private bool IsCritical(int board) => CriticalBoards.Of(_plan, _options.CriticalBoards).Contains(_boards[board].Name);

    private (int Sender, double Loss)[] Mesh() =>
        [.. Enumerable.Range(0, _boards.Length).SelectMany(board => Enumerable.Repeat((board, _boards[board].Loss), (_boards.Length - 1) * _options.DatagramsPerSum))];

    private (int Sender, double Loss)[] ToHead() =>
        [.. Enumerable.Range(0, _boards.Length).Where(board => board != _head).SelectMany(board => Enumerable.Repeat((board, _boards[board].Loss), _options.DatagramsPerSum))];

    private (int Sender, double Loss)[] FromHead() =>
        [.. Enumerable.Repeat((_head, _boards[_head].Loss), (_boards.Length - 1) * _options.DatagramsPerSum)];
}
