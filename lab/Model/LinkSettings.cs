namespace Halo.Lab.Model;

/// <summary>What a directed link does to the packets that it carries. The default does nothing: no delay, no loss, no limit.</summary>
public sealed record LinkSettings
{
    /// <summary>One-way delay, 0 to 10 seconds.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>A packet is late by 0 to this much, evenly spread, on top of the delay. Packets keep their order.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Chance of losing a packet, each on its own: 0 to 1.</summary>
    public double Loss { get; init; }

    /// <summary>Bad periods, beside the independent loss; null for none.</summary>
    public BurstSettings? Bursts { get; init; }

    /// <summary>Rate in bits a second; 0 for no limit.</summary>
    public double BitsPerSecond { get; init; }

    /// <summary>What may wait for its turn on a link with a rate, in bytes; what does not fit is dropped.</summary>
    public int QueueBytes { get; init; } = 256 * 1024;

    /// <summary>Chance that a packet is held back by <see cref="ReorderBy"/>, so that those behind it overtake it: 0 to 1.</summary>
    public double Reorder { get; init; }

    /// <summary>How long a reordered packet is held back.</summary>
    public TimeSpan ReorderBy { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Chance that a packet arrives twice: 0 to 1.</summary>
    public double Duplicate { get; init; }

    /// <summary>All faults, each with the value found and what is needed; empty when there are none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        CheckTime(faults, "Delay", Delay);
        CheckTime(faults, "Jitter", Jitter);
        CheckTime(faults, "ReorderBy", ReorderBy);
        CheckChance(faults, "Loss", Loss);
        CheckChance(faults, "Reorder", Reorder);
        CheckChance(faults, "Duplicate", Duplicate);
        if (!(BitsPerSecond >= 0) || double.IsInfinity(BitsPerSecond))
        {
            faults.Add($"BitsPerSecond is {BitsPerSecond}; it must be 0 (no limit) or more.");
        }

        if (QueueBytes < 1500)
        {
            faults.Add($"QueueBytes is {QueueBytes}; it must be at least 1500, one packet.");
        }

        if (Bursts is { } bursts)
        {
            CheckBursts(faults, bursts);
        }

        return faults;
    }

    private static void CheckBursts(List<string> faults, BurstSettings bursts)
    {
        if (bursts.MeanBad < TimeSpan.FromMicroseconds(1) || bursts.MeanBad > TimeSpan.FromMinutes(1))
        {
            faults.Add($"Bursts.MeanBad is {bursts.MeanBad}; it must be 1 microsecond to 1 minute.");
        }

        if (!(bursts.BadShare > 0 && bursts.BadShare < 1))
        {
            faults.Add($"Bursts.BadShare is {bursts.BadShare}; it must be above 0 and below 1.");
        }
    }

    private static void CheckTime(List<string> faults, string name, TimeSpan time)
    {
        if (time < TimeSpan.Zero || time > TimeSpan.FromSeconds(10))
        {
            faults.Add($"{name} is {time}; it must be 0 to 10 seconds.");
        }
    }

    private static void CheckChance(List<string> faults, string name, double chance)
    {
        if (!(chance is >= 0 and <= 1))
        {
            faults.Add($"{name} is {chance}; it must be 0 to 1.");
        }
    }
}
