namespace Halo.Boards.Control;

/// <summary>A server's sessions: at most 64, the least recently used goes first; gone after an hour without a request.</summary>
internal sealed class SessionTable(TimeProvider time)
{
    internal const int Most = 64;

    internal static readonly TimeSpan IdleLimit = TimeSpan.FromHours(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (ControlSession Session, long LastUsed)> _sessions = [];

    internal IReadOnlyList<ControlPeer> Peers
    {
        get
        {
            lock (_gate)
            {
                DropIdle();
                return [.. _sessions.Values.Select(entry => entry.Session.Peer)];
            }
        }
    }

    internal void Add(ControlSession session)
    {
        lock (_gate)
        {
            DropIdle();
            if (_sessions.Count >= Most)
            {
                _sessions.Remove(_sessions.MinBy(entry => entry.Value.LastUsed).Key);
            }

            _sessions.Add(session.Id, (session, time.GetTimestamp()));
        }
    }

    internal ControlSession? Find(string id)
    {
        lock (_gate)
        {
            return _sessions.TryGetValue(id, out (ControlSession Session, long LastUsed) entry) && time.GetElapsedTime(entry.LastUsed) < IdleLimit
                ? entry.Session
                : null;
        }
    }

    /// <summary>Notes that a session was used: by its client, not by someone who only knows its name.</summary>
    internal void Touch(ControlSession session)
    {
        lock (_gate)
        {
            if (_sessions.ContainsKey(session.Id))
            {
                _sessions[session.Id] = (session, time.GetTimestamp());
            }
        }
    }

    private void DropIdle()
    {
        foreach ((string id, (ControlSession Session, long LastUsed) entry) in _sessions)
        {
            if (time.GetElapsedTime(entry.LastUsed) >= IdleLimit)
            {
                _sessions.Remove(id);
            }
        }
    }
}
