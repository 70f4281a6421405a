using Halo.Planning.Assignment;
using Halo.Planning.Profiles;

namespace Halo.Planning.Timing;

/// <summary>
/// Seconds that a token is expected to take under a plan, and what they are made of: two stages a layer, the announcement and the logits, each an
/// exchange that lasts as long as its slowest board, its longest delay and the expected wait for what is lost.
/// </summary>
public sealed record StepTime
{
    /// <summary>Weights: of each stage the slowest board's, or its machine's where boards share cores.</summary>
    public required double ComputeSeconds { get; init; }

    /// <summary>One-way delays.</summary>
    public required double DelaySeconds { get; init; }

    /// <summary>Sending and receiving.</summary>
    public required double DatagramSeconds { get; init; }

    /// <summary>Waiting for what was lost.</summary>
    public required double WaitSeconds { get; init; }

    /// <summary>The same token at zero loss: T0 of this policy and topology.</summary>
    public required double ZeroLossSeconds { get; init; }

    /// <summary>Processor seconds of all boards together.</summary>
    public required double ProcessorSeconds { get; init; }

    /// <summary>Times that a datagram is sent at once.</summary>
    public required int Copies { get; init; }

    /// <summary>TPOT: all parts together.</summary>
    public double Seconds => ComputeSeconds + DelaySeconds + DatagramSeconds + WaitSeconds;

    /// <summary>Predicts.</summary>
    /// <param name="model">The plan's model.</param>
    /// <param name="boards">
    /// The plan's boards with speed, loss, delay, host and cores. The speed of boards that share a host is that of one core, else of the whole board.
    /// </param>
    /// <param name="plan">The plan.</param>
    /// <param name="policy">What is done against loss.</param>
    /// <param name="loss">The loss rate of all boards instead of their own, 0 to 1; null for their own.</param>
    /// <param name="options">Topology and constants; null for the defaults.</param>
    /// <exception cref="ArgumentException">A board of the plan is not among the boards, or the loss is no rate.</exception>
    public static StepTime Predict(
        ModelProfile model, IReadOnlyList<BoardProfile> boards, Plan plan, SumPolicy policy, double? loss = null, StepTimeOptions? options = null)
    {
        if (loss is { } rate && !(rate is >= 0 and < 1))
        {
            throw new ArgumentException($"A loss of {rate} was asked for; a number from 0 to below 1 is needed.", nameof(loss));
        }

        BoardProfile[] order = [.. plan.Boards.Select(name => boards.FirstOrDefault(board => board.Name == name)
            ?? throw new ArgumentException($"Board '{name}' of plan {plan.Version} is not among the boards.", nameof(boards)))];
        StepTimeModel calm = new(model, [.. order.Select(board => board with { Loss = 0 })], plan, policy, options ?? new StepTimeOptions());
        StepTimeModel real = new(model, [.. order.Select(board => board with { Loss = loss ?? board.Loss })], plan, policy, options ?? new StepTimeOptions());
        return real.Predict() with { ZeroLossSeconds = calm.Predict().Seconds };
    }
}
