namespace Halo.Lab.Model;

/// <summary>
/// One medium that all boards share, as Wi-Fi: one frame at a time is in the air, whoever sends it. Frames take their turns in the order in which they
/// are sent; collisions are part of the cost of a frame.
/// </summary>
public sealed record AirSettings
{
    /// <summary>Air time of a frame beside its bytes: waiting for a free medium, preamble, acknowledgement.</summary>
    public TimeSpan FrameCost { get; init; } = TimeSpan.FromMicroseconds(250);

    /// <summary>Rate of frames to one receiver, in bits a second.</summary>
    public double BitsPerSecond { get; init; } = 50e6;

    /// <summary>Rate of frames to many receivers, in bits a second: one that all of them can hear.</summary>
    public double BaseBitsPerSecond { get; init; } = 6e6;

    /// <summary>Whether an access point passes every frame on, so that it is in the air twice.</summary>
    public bool Relay { get; init; } = true;

    /// <summary>How often a frame to one receiver is sent again where it was lost, each time with its air time. Frames to many never are.</summary>
    public int Retries { get; init; } = 7;

    /// <summary>A frame that would wait longer than this for its turn is dropped.</summary>
    public TimeSpan MostWait { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>All faults, each with the value found and what is needed; empty when there are none.</summary>
    public IReadOnlyList<string> Validate()
    {
        List<string> faults = [];
        if (FrameCost < TimeSpan.Zero || FrameCost > TimeSpan.FromSeconds(1))
        {
            faults.Add($"FrameCost is {FrameCost}; it must be 0 to 1 second.");
        }

        if (!(BitsPerSecond is > 0 and <= 1e12) || !(BaseBitsPerSecond is > 0 and <= 1e12))
        {
            faults.Add($"BitsPerSecond is {BitsPerSecond} and BaseBitsPerSecond {BaseBitsPerSecond}; both must be above 0 and at most 1e12.");
        }

        if (Retries is < 0 or > 100)
        {
            faults.Add($"Retries is {Retries}; it must be 0 to 100.");
        }

        if (MostWait <= TimeSpan.Zero || MostWait > TimeSpan.FromSeconds(10))
        {
            faults.Add($"MostWait is {MostWait}; it must be above 0 and at most 10 seconds.");
        }

        return faults;
    }
}
