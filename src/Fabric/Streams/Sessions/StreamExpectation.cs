namespace Halo.Fabric.Streams.Sessions;

/// <summary>
/// What a board expects of one session: one link from each board that dials it. When the expectation ends, the links are closed unless they
/// were released, and from then on the session is refused.
/// </summary>
internal sealed class StreamExpectation : IDisposable
{
    private readonly Dictionary<int, TaskCompletionSource<StreamConnection>> _links;
    private readonly Action _end;
    private bool _released;

    /// <param name="session">The session.</param>
    /// <param name="place">This board's place.</param>
    /// <param name="dialers">The places of the boards that dial this one.</param>
    /// <param name="end">Called when the expectation ends.</param>
    internal StreamExpectation(StreamSession session, int place, IEnumerable<int> dialers, Action end)
    {
        Session = session;
        Place = place;
        _end = end;
        _links = dialers.ToDictionary(from => from, _ => new TaskCompletionSource<StreamConnection>(TaskCreationOptions.RunContinuationsAsynchronously));
    }

    internal StreamSession Session { get; }

    internal int Place { get; }

    /// <summary>Ends once the board has dialed; its link is the expectation's until <see cref="Release"/>.</summary>
    internal Task<StreamConnection> LinkFrom(int place) => _links[place].Task;

    /// <summary>Why a hello is refused, or null.</summary>
    internal StreamRefusal? Refuses(in Hello hello)
    {
        if (hello.To != Place || hello.Cipher != Session.Cipher || !_links.TryGetValue(hello.From, out TaskCompletionSource<StreamConnection>? link))
        {
            return StreamRefusal.NotExpected;
        }

        return link.Task.IsCompleted ? StreamRefusal.SecondLink : null;
    }

    /// <summary>Takes a link whose handshake went through; false where the board has had one already.</summary>
    internal bool TryDeliver(int from, StreamConnection connection) => _links[from].TrySetResult(connection);

    /// <summary>Leaves the links to the caller.</summary>
    internal void Release() => _released = true;

    public void Dispose()
    {
        _end();
        foreach (TaskCompletionSource<StreamConnection> link in _links.Values)
        {
            if (!link.TrySetCanceled() && !_released)
            {
                link.Task.Result.Dispose();
            }
        }
    }
}
