namespace Orleans.Runtime;

/// <summary>Where one grain is: the directory's entry. Requests that find no activation wait here while one is placed, in order.</summary>
internal sealed class GrainSlot(EmbeddedCluster cluster, GrainId grainId)
{
    private const int MaxPlacementAttempts = 3; // a silo may die between the director's answer and the activation

    private readonly Lock _lock = new();
    private readonly Queue<Turn> _pending = new(); // only while there is no activation
    private bool _isRetired;

    internal GrainId GrainId { get; } = grainId;

    internal Activation? Activation { get; private set; }

    /// <summary>Gives the turn to the activation, or keeps it until there is one; false if the slot has left the directory.</summary>
    internal bool TryDeliver(Turn turn)
    {
        lock (_lock)
        {
            if (_isRetired)
            {
                return false;
            }

            if (Activation?.TryEnqueue(turn) != true)
            {
                _pending.Enqueue(turn);
                if (_pending.Count == 1)
                {
                    PlaceInBackground(turn);
                }
            }

            return true;
        }
    }

    /// <summary>Takes the requests back from an activation that has ended, and gives them to its successor.</summary>
    /// <param name="ended">The activation.</param>
    /// <param name="target">Where the grain moves, null if it does not.</param>
    /// <param name="state">What it takes along.</param>
    /// <param name="requestContext">The request context of the move.</param>
    internal void Release(Activation ended, LogicalSilo? target, MigrationContext? state, Dictionary<string, object>? requestContext)
    {
        lock (_lock)
        {
            if (Activation != ended)
            {
                return; // the silo was killed meanwhile
            }

            Activation = null;
            foreach (Turn turn in ended.Invalidate(withRunning: false).Where(turn => turn is not GrainTimer))
            {
                _pending.Enqueue(turn);
            }

            if (target is not null && TryActivate(target, state, requestContext))
            {
                return;
            }

            if (_pending.TryPeek(out Turn? first))
            {
                PlaceInBackground(first);
            }
            else
            {
                Retire();
            }
        }
    }

    /// <summary>Gives an activation up and hands out what it had: its silo was killed or it could not activate.</summary>
    internal List<Turn> Drop(Activation lost)
    {
        lock (_lock)
        {
            if (Activation == lost)
            {
                Activation = null;
                Retire();
            }

            return lost.Invalidate(withRunning: true);
        }
    }

    private void PlaceInBackground(Turn first) => Task.Run(() => PlaceAsync(first));

    private async Task PlaceAsync(Turn first)
    {
        try
        {
            for (int attempt = 0; attempt < MaxPlacementAttempts; attempt++)
            {
                LogicalSilo silo = await cluster.PlaceAsync(GrainId, first.Context, first.Origin);
                lock (_lock)
                {
                    if (TryActivate(silo, null, first.Context))
                    {
                        return;
                    }
                }
            }

            throw new SiloUnavailableException($"Every silo that was chosen for {GrainId} ended before it could activate.");
        }
        catch (Exception exception)
        {
            Turn[] failed;
            lock (_lock)
            {
                failed = [.. _pending];
                Retire();
            }

            Array.ForEach(failed, turn => turn.Fail(exception));
        }
    }

    private bool TryActivate(LogicalSilo silo, MigrationContext? state, Dictionary<string, object>? requestContext)
    {
        if (silo.TryCreateActivation(this) is not { } activation)
        {
            return false;
        }

        Activation = activation;
        activation.Start(state, requestContext);
        while (_pending.TryDequeue(out Turn? turn))
        {
            activation.TryEnqueue(turn);
        }

        return true;
    }

    private void Retire()
    {
        _isRetired = true;
        _pending.Clear();
        cluster.Remove(this);
    }
}
