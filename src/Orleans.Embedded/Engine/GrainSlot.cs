namespace Orleans.Runtime;

/// <summary>Where one grain is: the directory's entry. Requests that find no activation wait here while one is placed, in order.</summary>
internal sealed class GrainSlot(EmbeddedCluster cluster, GrainId grainId)
{
    private const int MaxPlacementAttempts = 3; // a silo may die between the director's answer and the activation

    private readonly Lock _lock = new();
    private readonly Queue<Request> _pending = new(); // while there is no activation, and then one is being placed
    private Activation? _activation;
    private bool _isRetired;

    internal GrainId GrainId { get; } = grainId;

    /// <summary>Gives the request to the activation, or keeps it until there is one; false if the slot has left the directory.</summary>
    internal bool TryDeliver(Request request)
    {
        lock (_lock)
        {
            if (_activation is not null)
            {
                _activation.Enqueue(request);
            }
            else if (!_isRetired)
            {
                _pending.Enqueue(request);
                if (_pending.Count == 1)
                {
                    PlaceInBackground(request);
                }
            }

            return !_isRetired;
        }
    }

    /// <summary>Takes the requests back from an activation that has ended, and gives them to its successor.</summary>
    /// <param name="ended">The activation.</param>
    /// <param name="target">Where the grain moves, null if it does not.</param>
    /// <param name="state">What it takes along.</param>
    internal void Release(Activation ended, LogicalSilo? target, MigrationContext? state)
    {
        lock (_lock)
        {
            if (_activation != ended)
            {
                return; // the silo was killed meanwhile
            }

            _activation = null;
            ended.Invalidate().ForEach(_pending.Enqueue);
            if (target is not null && TryActivate(target, state, null))
            {
                return;
            }

            if (_pending.TryPeek(out Request? first))
            {
                PlaceInBackground(first);
            }
            else
            {
                Retire();
            }
        }
    }

    /// <summary>Gives an activation up and fails what it had: its silo was killed or it could not activate.</summary>
    internal void Drop(Activation lost, Exception reason)
    {
        List<Request> requests;
        lock (_lock)
        {
            requests = lost.Invalidate();
            if (_activation == lost)
            {
                Retire();
            }
        }

        requests.ForEach(request => request.Fail(reason));
    }

    private void PlaceInBackground(Request first) => Task.Run(() => PlaceAsync(first));

    private async Task PlaceAsync(Request first)
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
            Request[] failed;
            lock (_lock)
            {
                failed = [.. _pending];
                Retire();
            }

            Array.ForEach(failed, request => request.Fail(exception));
        }
    }

    private bool TryActivate(LogicalSilo silo, MigrationContext? state, Dictionary<string, object>? requestContext)
    {
        _activation = silo.TryCreateActivation(this);
        _activation?.Start(state, requestContext);
        while (_activation is not null && _pending.TryDequeue(out Request? request))
        {
            _activation.Enqueue(request);
        }

        return _activation is not null;
    }

    private void Retire()
    {
        (_activation, _isRetired) = (null, true);
        _pending.Clear();
        cluster.Remove(this);
    }
}
