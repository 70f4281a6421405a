namespace Halo.Boards.Steps;

/// <summary>
/// The boards that one thread carries through a step together: compute a stage for all of them, then complete it for all of them, so that
/// boards which share a thread never wait for each other in vain.
/// </summary>
internal sealed class LaneGroup(BoardLane[] lanes, int stageCount)
{
    /// <summary>Takes up the next step with every board.</summary>
    /// <param name="head">The head board, where it is among these, to which nothing is announced; else null.</param>
    /// <param name="announcedStep">The step that the head board announced.</param>
    /// <param name="announcement">What the head board announced.</param>
    /// <returns>False where the fabric has come to its end: no board has taken the step up.</returns>
    internal bool TryBegin(BoardLane? head, long announcedStep, ReadOnlySpan<byte> announcement)
    {
        for (int index = 0; index < lanes.Length; index++)
        {
            BoardLane lane = lanes[index];
            long stepNumber = announcedStep;
            ReadOnlySpan<byte> received = lane == head ? announcement : lane.Transport.ReceiveAnnouncement(out stepNumber);
            if (received.IsEmpty)
            {
                Array.ForEach(lanes[..index], begun => begun.End());
                return false;
            }

            lane.Begin(stepNumber, received);
        }

        return true;
    }

    /// <summary>Walks the stages of the step that was begun, and lets go of it.</summary>
    internal void Walk()
    {
        bool whole = !Array.Exists(lanes, lane => lane.HasFailed);
        int stages = lanes[0].HasRows ? stageCount : 0;
        for (int stage = 0; whole && stage < stages; stage++)
        {
            foreach (BoardLane lane in lanes)
            {
                lane.Contribute(stage);
            }

            foreach (BoardLane lane in lanes)
            {
                whole &= lane.Complete(stage);
            }
        }

        foreach (BoardLane lane in lanes)
        {
            if (whole)
            {
                lane.Finish();
            }

            lane.End();
        }
    }
}
