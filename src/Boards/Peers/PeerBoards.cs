using Halo.Boards.Control;

namespace Halo.Boards.Peers;

/// <summary>The boards of the other silos' processes, by name. Safe from several threads.</summary>
/// <param name="addresses">Says where a board's process is now; null where it has none. What it says may change at any time. It may not wait.</param>
/// <param name="connect">Makes a client to a control endpoint.</param>
/// <param name="onLost">Called with a board's name and a sentence when it does not answer.</param>
public sealed class PeerBoards(Func<string, PeerAddress?> addresses, Func<Uri, ControlClient> connect, Action<string, string> onLost) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PeerBoard> _peers = [];
    private bool _disposed;

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

    /// <summary>Ends what is being asked; from here on there are no other boards.</summary>
    public void Dispose()
    {
        PeerBoard[] all;
        lock (_gate)
        {
            _disposed = true;
            all = [.. _peers.Values];
            _peers.Clear();
        }

        foreach (PeerBoard peer in all)
        {
            peer.Dispose();
        }
    }

    internal PeerBoard? Reach(string board)
    {
        PeerBoard? before;
        PeerBoard? now;
        lock (_gate)
        {
            PeerAddress? address = _disposed ? null : addresses(board); // under the lock: an older answer must not undo a newer one
            before = _peers.GetValueOrDefault(board);
            if (before is not null && before.Address == address)
            {
                return before;
            }

            now = address is null ? null : new PeerBoard(address, connect(address.Control), onLost);
            if (now is null)
            {
                _peers.Remove(board);
            }
            else
            {
                _peers[board] = now;
            }
        }

        before?.Dispose(); // not under the lock: whoever waits for an answer goes on here and now
        return now;
    }
}
