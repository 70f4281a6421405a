using Halo.Fabric.Streams;

namespace Halo.Fabric.Datagrams;

/// <summary>
/// Mesh or star, step by step, by what steps take: delay, air time and processor time of either are all in that. Pure. It tries both, keeps
/// the faster, and tries the other again at growing intervals, or soon when what steps take has changed.
/// </summary>
internal sealed class TopologyChooser
{
    private const int StepsOfATrial = 2;
    private const int StepsBetweenTrials = 8;
    private const int FirstInterval = 64;
    private const int LastInterval = 4096;
    private const double Better = 0.95;  // the other must be this much faster: noise must not move a cluster back and forth
    private const double Changed = 1.3;
    private const double Lean = 1.0 / 8;
    private const int Surprises = 2; // steps in a row that are far from what is known: the network is another

    private readonly double[] _time = [double.PositiveInfinity, double.PositiveInfinity]; // of a step, by topology
    private Topology _chosen = Topology.Mesh;
    private int _interval = FirstInterval;
    private int _surprises;
    private int _stepsSince;         // since the last trial
    private int _trialStepsLeft = StepsOfATrial;
    private bool _triesOther;        // else, while a trial is on, the chosen one is tried for the first time
    private double _trial = double.PositiveInfinity;
    private double _timeWhenChosen = double.PositiveInfinity;

    /// <summary>What the next step should use.</summary>
    internal Topology Next => _triesOther ? Other : _chosen;

    private Topology Other => _chosen == Topology.Mesh ? Topology.Star : Topology.Mesh;

    /// <summary>Takes what the step took for which <see cref="Next"/> was used last.</summary>
    /// <param name="time">In any unit, as long as it is always the same.</param>
    internal void Took(double time)
    {
        if (_trialStepsLeft > 0)
        {
            _trial = Math.Min(_trial, time);
            if (--_trialStepsLeft == 0)
            {
                EndTrial();
            }

            return;
        }

        ref double known = ref _time[(int)_chosen];
        _surprises = IsOther(time, known) ? _surprises + 1 : 0;
        if (_surprises > 0 && _surprises < Surprises)
        {
            _stepsSince++;
            return; // a stall, or the first of many
        }

        known = _surprises > 0 ? time : known + (time - known) * Lean;
        _stepsSince++;
        bool changed = IsOther(known, _timeWhenChosen);
        if (_stepsSince >= _interval || (changed && _stepsSince >= StepsBetweenTrials))
        {
            _interval = changed ? FirstInterval : Math.Min(_interval * 2, LastInterval);
            BeginTrial();
        }
    }

    private static bool IsOther(double time, double before) => time > before * Changed || time * Changed < before;

    private void BeginTrial() => (_triesOther, _trialStepsLeft, _trial) = (true, StepsOfATrial, double.PositiveInfinity);

    private void EndTrial()
    {
        _time[(int)Next] = _trial;
        if (!_triesOther)
        {
            BeginTrial(); // the first of all trials: now the other
            return;
        }

        if (_time[(int)Other] < _time[(int)_chosen] * Better)
        {
            _chosen = Other;
            _interval = FirstInterval;
        }

        (_triesOther, _stepsSince, _timeWhenChosen) = (false, 0, _time[(int)_chosen]);
    }
}
