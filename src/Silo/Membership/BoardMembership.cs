using Halo.Fabric.Liveness;

namespace Halo.Silo.Membership;

/// <summary>
/// Which boards in other processes are in service: takes them in, watches them, lets go of those that are lost, and takes them in again when
/// they answer. A board has a silo for as long as it is in service.
/// </summary>
internal sealed class BoardMembership : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly List<BoardMember> _members = [];
    private readonly MembershipContext _context;
    private readonly HeartbeatMonitor _monitor;

    /// <param name="context">What members need.</param>
    /// <param name="time">The clock.</param>
    internal BoardMembership(MembershipContext context, TimeProvider time)
    {
        _context = context;
        _monitor = new HeartbeatMonitor(context.Liveness, time);
        _monitor.StateChanged += OnLiveness;
    }

    /// <summary>All boards of other processes, in the order in which they came.</summary>
    internal IReadOnlyList<BoardView> Boards => [.. Members().Select(member => member.View(_monitor))];

    /// <summary>Takes boards in that the user named, and goes on trying where one does not answer.</summary>
    /// <param name="addresses">Their control endpoints.</param>
    /// <param name="speeds">What counts instead of their measured rates, in bytes per second; empty for those.</param>
    /// <param name="patience">How long to wait for the slowest.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Those that are not in service by then, with the reason; empty where all are.</returns>
    internal async Task<IReadOnlyList<BoardView>> AddAsync(
        IReadOnlyList<Uri> addresses, IReadOnlyList<double> speeds, TimeSpan patience, CancellationToken cancellationToken)
    {
        List<BoardMember> added = [.. addresses.Select((address, index) => Add(address, speeds.Count > 0 ? speeds[index] : null))];
        Task attached = Task.WhenAll(added.Select(member => member.FirstAttempt));
        await Task.WhenAny(attached, Task.Delay(patience, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
        return [.. added.Select(member => member.View(_monitor)).Where(view => view.State is BoardState.Connecting or BoardState.Dead)];
    }

    /// <summary>A board asks to be taken in.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="instance">Its process.</param>
    /// <param name="address">Its control endpoint.</param>
    /// <returns>Null where it is in service now, else why not.</returns>
    internal async Task<string?> JoinAsync(string name, string instance, Uri address)
    {
        if (_context.IsNameTaken(name))
        {
            return Taken(name, "this process");
        }

        BoardMember member;
        lock (_gate)
        {
            BoardMember? namesake = _members.Find(member => member.Name == name && member.Address != address);
            if (namesake is { IsInService: true })
            {
                return Taken(name, namesake.Address.ToString());
            }

            if (namesake is not null)
            {
                _members.Remove(namesake); // it was at another address before
                _ = namesake.DisposeAsync().AsTask();
            }
        }

        member = Add(address, speed: null, name);
        return await member.JoinAsync(instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _monitor.DisposeAsync();
        await Task.WhenAll(Members().Select(member => member.DisposeAsync().AsTask()));
    }

    private static string Taken(string name, string where) =>
        $"A board named {name} is in service already, at {where}. Every board needs a name of its own: start this one with another --name.";

    private BoardMember Add(Uri address, double? speed, string? saidName = null)
    {
        lock (_gate)
        {
            if (_members.Find(member => member.Address == address) is { } known)
            {
                return known;
            }

            BoardMember member = new(address, speed, _context, _monitor, WhoElseHas) { SaidName = saidName };
            _members.Add(member);
            member.Start();
            return member;
        }
    }

    private string? WhoElseHas(BoardMember asking, string name) => _context.IsNameTaken(name)
        ? Taken(name, "this process")
        : Members().FirstOrDefault(member => member != asking && member.Name == name && member.IsInService) is { } other
            ? Taken(name, other.Address.ToString())
            : null;

    private List<BoardMember> Members()
    {
        lock (_gate)
        {
            return [.. _members];
        }
    }

    private void OnLiveness(LivenessChange change)
    {
        BoardMember? member = Members().Find(member => member.WatchName == change.Name);
        if (change.New == LivenessState.Dead)
        {
            member?.Lose(change.Reason);
        }
        else if (change.New == LivenessState.Leaving)
        {
            _ = member?.LetGoAsync();
        }
        else
        {
            MembershipLog.LivenessChanged(_context.Log, change.Name, change.New, change.Reason);
        }
    }
}
