namespace Halo.Lab.Model;

/// <summary>The one air-time budget of a shared medium.</summary>
internal sealed class AirModel(AirSettings settings)
{
    private readonly long _frameCost = (long)settings.FrameCost.TotalNanoseconds;
    private readonly long _mostWait = (long)settings.MostWait.TotalNanoseconds;
    private long _busyUntil;

    internal AirSettings Settings => settings;

    /// <summary>Air time used so far, in nanoseconds.</summary>
    internal long Used { get; private set; }

    /// <summary>Frames in the air so far, those sent again included.</summary>
    internal long Frames { get; private set; }

    /// <summary>Whether a frame sent now would wait too long for its turn.</summary>
    internal bool IsFull(long now) => _busyUntil - now > _mostWait;

    /// <summary>Sends a frame to one receiver, again where it is lost, as often as the settings allow.</summary>
    /// <param name="now">When it is ready, in nanoseconds.</param>
    /// <param name="link">Draws its losses.</param>
    /// <param name="bytes">Its bytes.</param>
    /// <returns>When it has arrived; negative where it was lost.</returns>
    internal long Unicast(long now, LinkModel link, int bytes)
    {
        for (int attempt = 0; attempt <= settings.Retries; attempt++)
        {
            long end = Occupy(now, bytes, settings.BitsPerSecond);
            if (!link.Loses(end))
            {
                return end;
            }
        }

        return -1;
    }

    /// <summary>Sends a frame to all receivers, once.</summary>
    /// <returns>When it is over, in nanoseconds.</returns>
    internal long Broadcast(long now, int bytes) => Occupy(now, bytes, settings.BaseBitsPerSecond);

    private long Occupy(long now, int bytes, double bitsPerSecond)
    {
        long cost = _frameCost + (long)(bytes * 8e9 / bitsPerSecond);
        _busyUntil = Math.Max(now, _busyUntil) + cost;
        Used += cost;
        Frames++;
        return _busyUntil;
    }
}
