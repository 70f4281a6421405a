using Halo.Fabric.Datagrams.Links;
using Halo.Fabric.Stages;
using Halo.Fabric.Transport;

namespace Halo.Fabric.Datagrams.Relaxed;

/// <summary>The step thread's waits in relaxed stages, during which it moves datagrams.</summary>
/// <param name="relaxed">Says how long to wait.</param>
/// <param name="exchange">Says whether to wait at all.</param>
/// <param name="core">Is told when to wake the thread.</param>
/// <param name="driver">Moves datagrams.</param>
/// <param name="gate">Held while the others are used.</param>
internal sealed class RelaxedWaits(RelaxedStages relaxed, StageExchange exchange, DatagramCore core, IDatagramDriver driver, Lock gate)
{
    /// <summary>Where this board writes its sum, as soon as that may be written over.</summary>
    internal Span<float> Own(in StageKey key, int length)
    {
        AwaitRoom(key);
        lock (gate)
        {
            return relaxed.Own(key, length);
        }
    }

    /// <summary>Takes this board's sum and returns it as it is sent.</summary>
    internal OutgoingMessage Contribute(in StageKey key, int length, bool isEmpty)
    {
        AwaitRoom(key);
        lock (gate)
        {
            return relaxed.Contribute(key, length, isEmpty, driver.Now);
        }
    }

    /// <summary>Waits for a stage and completes it.</summary>
    /// <param name="key">The stage.</param>
    /// <param name="isStar">Whether sums go through the head board.</param>
    /// <param name="isHead">Whether this is the head board.</param>
    /// <param name="residual">The residual stream.</param>
    /// <param name="message">What is to be sent to all afterwards, a star's total or a mesh's residual; without a buffer where there is nothing.</param>
    internal StageResult Complete(in StageKey key, bool isStar, bool isHead, Span<float> residual, out OutgoingMessage message)
    {
        while (!TryComplete(key, isStar, isHead, residual, out message))
        {
            if (exchange.IsGivenUp(key.StepNumber))
            {
                return StageResult.Aborted;
            }

            driver.MoveOrWait();
        }

        return StageResult.Complete;
    }

    private bool TryComplete(in StageKey key, bool isStar, bool isHead, Span<float> residual, out OutgoingMessage message)
    {
        message = default;
        lock (gate)
        {
            long now = driver.Now;
            core.WakeAt = relaxed.WaitUntil(key, isStar, now);
            if (core.WakeAt > now)
            {
                return false;
            }

            core.WakeAt = long.MaxValue;
            (relaxed.RoundTrip, relaxed.IsLossy) = (core.RoundTrip, core.IsLossy);
            if (!isStar)
            {
                relaxed.Complete(key, residual);
                message = relaxed.Resync(key with { Stage = key.Stage + 1 }, residual);
            }
            else if (isHead)
            {
                message = relaxed.CompleteTotal(key, residual);
            }
            else
            {
                relaxed.TakeTotal(key, residual);
            }

            return true;
        }
    }

    // What this board sent in stages long past must have come before it is written over: a relaxed stage waits for little, and a board may be ahead.
    private void AwaitRoom(in StageKey key)
    {
        if (key.Stage < RelaxedInbox.Depth)
        {
            return;
        }

        StageKey past = key with { Stage = key.Stage - RelaxedInbox.Depth };
        while (HasUnacknowledgedUpTo(past) && !exchange.IsGivenUp(past.StepNumber))
        {
            driver.MoveOrWait();
        }
    }

    private bool HasUnacknowledgedUpTo(in StageKey key)
    {
        lock (gate)
        {
            return core.HasUnacknowledgedUpTo(key);
        }
    }
}
