using Halo.Boards.Control;

namespace Halo.Boards.Peers;

/// <summary>The boards of the other silos' processes, by name. Safe from several threads.</summary>
/// <param name="addresses">Says where a board's process is now; null where it has none. What it says may change at any time.</param>
/// <param name="connect">Makes a client to a control endpoint.</param>
/// <param name="onLost">Called with a board's name and a sentence when it does not answer.</param>
public sealed class PeerBoards(Func<string, PeerAddress?> addresses, Func<Uri, ControlClient> connect, Action<string, string> onLost) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PeerBoard> _peers = [];

    /// <summary>A board of another process; null where there is none of that name now.</summary>
    public IBoardPeer? Find(string board) => Reach(board);

    /// <summary>Ends what is being asked of processes that are no more. To be called when silos came or went.</summary>
    public void Refresh()
    {
        string[] known;
        lock (_gate)
        {
            known = [.. _peers.Keys];
        }

        foreach (string board in known)
        {
            Reach(board);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            foreach (PeerBoard peer in _peers.Values)
            {
                peer.Dispose();
            }

            _peers.Clear();
        }
    }

    internal PeerBoard? Reach(string board)
    {
        PeerAddress? address = addresses(board);
        PeerBoard? before;
        PeerBoard? now;
        lock (_gate)
        {
            before = _peers.GetValueOrDefault(board);
            if (before is not null && before.Address == address)
            {
                return before;
            }

            _peers.Remove(board);
            now = address is null ? null : new PeerBoard(address, connect(address.Control), onLost);
            if (now is not null)
            {
                _peers.Add(board, now);
            }
        }

        before?.Dispose(); // not under the lock: whoever waits for an answer goes on here and now
        return now;
    }
}
