using System.Net;
using System.Net.Sockets;

namespace Halo.Fabric.Streams.Sessions;

/// <summary>Connects one board of a session with the others: dials those that it must, and waits for those that dial it.</summary>
public sealed class StreamConnector
{
    // A board that does not expect the session has not been told of it yet. All are told at the same time, so it is asked again soon, then
    // less and less often until time is up.
    private static readonly TimeSpan s_firstRetry = TimeSpan.FromMilliseconds(4);
    private static readonly TimeSpan s_lastRetry = TimeSpan.FromMilliseconds(64);

    private readonly StreamRoster _roster;
    private readonly int _place;
    private readonly StreamListener? _listener;
    private readonly StreamTimeouts _timeouts;
    private readonly TimeProvider _time;

    /// <param name="roster">The boards; the same on all of them.</param>
    /// <param name="place">This board's place.</param>
    /// <param name="listener">This board's port; null where nobody dials this board, as on the head board.</param>
    /// <param name="timeouts">How long it may take.</param>
    /// <param name="time">The clock of the timeouts.</param>
    /// <exception cref="ArgumentException">Another board dials this one, and it has no listener.</exception>
    public StreamConnector(StreamRoster roster, int place, StreamListener? listener, StreamTimeouts? timeouts = null, TimeProvider? time = null)
    {
        _roster = roster;
        _place = place;
        _listener = listener;
        _timeouts = timeouts ?? new StreamTimeouts();
        _time = time ?? TimeProvider.System;
        if (listener is null && Others(other => roster.Dials(other, place)).FirstOrDefault(-1) is >= 0 and int dialer)
        {
            throw new ArgumentException($"Board {roster.Boards[dialer].Board} dials board {roster.Boards[place].Board}, which has no listener.", nameof(listener));
        }
    }

    /// <summary>
    /// Connects. All boards of the session call this at about the same time, in any order; a session's boards are connected once, and another
    /// attempt needs a new session.
    /// </summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>The connections by place, the caller's to dispose; null for this board, and between the outer boards of a star.</returns>
    /// <exception cref="StreamConnectException">A board could not be reached or did not come; the message names it.</exception>
    /// <exception cref="OperationCanceledException">Cancelled by the caller.</exception>
    public async Task<IReadOnlyList<StreamConnection?>> ConnectAsync(CancellationToken cancellationToken = default)
    {
        StreamConnection?[] connections = new StreamConnection?[_roster.Boards.Count];
        int[] dialers = Others(other => _roster.Dials(other, _place));
        using StreamExpectation? expectation = dialers.Length == 0 ? null : _listener!.Expect(_roster.Session, _place, dialers);
        using CancellationTokenSource limit = new(_timeouts.All, _time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        Task[] tasks =
        [
            .. Others(other => _roster.Dials(_place, other)).Select(async other => connections[other] = await DialAsync(other, both.Token).ConfigureAwait(false)),
            .. dialers.Select(async other => connections[other] = await ArrivalAsync(expectation!, other, both.Token).ConfigureAwait(false)),
        ];
        try
        {
            await foreach (Task task in Task.WhenEach(tasks).ConfigureAwait(false))
            {
                await task.ConfigureAwait(false); // the first fault ends all
            }

            expectation?.Release();
            return connections;
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            await Task.WhenAll(tasks).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (StreamConnection? connection in connections)
            {
                connection?.Dispose();
            }

            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
    }

    private int[] Others(Func<int, bool> condition) => [.. Enumerable.Range(0, _roster.Boards.Count).Where(condition)];

    private async Task<StreamConnection> ArrivalAsync(StreamExpectation expectation, int other, CancellationToken cancellationToken)
    {
        try
        {
            return await expectation.LinkFrom(other).WaitAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException fault)
        {
            throw new StreamConnectException(
                other,
                $"Board {_roster.Boards[other].Board} did not connect to board {_roster.Boards[_place].Board} within {_timeouts.All.TotalSeconds:0.#} s: "
                + $"check that it runs and can reach port {_listener!.EndPoint.Port} of this one.",
                fault);
        }
    }

    private async Task<StreamConnection> DialAsync(int other, CancellationToken cancellationToken)
    {
        bool wasRefused = false;
        TimeSpan retry = s_firstRetry;
        while (true)
        {
            StreamConnection? connection;
            StreamRefusal refusal;
            try
            {
                (connection, refusal) = await AttemptAsync(other, cancellationToken).ConfigureAwait(false);
            }
            catch (StreamConnectException) when (wasRefused && cancellationToken.IsCancellationRequested)
            {
                throw NotExpected(other); // time ran out during one attempt more
            }

            if (connection is not null)
            {
                return connection;
            }

            if (refusal == StreamRefusal.SecondLink)
            {
                throw new StreamConnectException(other, $"{Dial.Name(_roster, other)} has its link to this board in this session already: begin a new session.");
            }

            await Task.Delay(retry, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            retry = retry < s_lastRetry ? 2 * retry : retry;
            if (cancellationToken.IsCancellationRequested)
            {
                throw NotExpected(other);
            }

            wasRefused = true;
        }
    }

    private StreamConnectException NotExpected(int other) =>
        new(other, $"{Dial.Name(_roster, other)} does not expect this session: check that the address is that board's.");

    private async Task<(StreamConnection? Connection, StreamRefusal Refusal)> AttemptAsync(int other, CancellationToken cancellationToken)
    {
        StreamPeer peer = _roster.Boards[other];
        using CancellationTokenSource limit = new(_timeouts.Dial, _time);
        using CancellationTokenSource both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            IPAddress[] addresses = await Dns.GetHostAddressesAsync(peer.Host, both.Token).ConfigureAwait(false);

            // It waits for the other board: a thread of its own, so that many boards do not hold the pool's.
            return await Task.Factory.StartNew(
                () => Dial.Attempt(addresses, _roster, _place, other, both.Token),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default).ConfigureAwait(false);
        }
        catch (SocketException fault)
        {
            throw new StreamConnectException(
                other, $"{Dial.Name(_roster, other)} cannot be reached: {fault.Message}. Check that it runs and that nothing blocks the port.", fault);
        }
        catch (OperationCanceledException fault)
        {
            throw new StreamConnectException(
                other, $"{Dial.Name(_roster, other)} did not answer within {_timeouts.Dial.TotalSeconds:0.#} s: check that it runs and that nothing blocks the port.", fault);
        }
    }
}
