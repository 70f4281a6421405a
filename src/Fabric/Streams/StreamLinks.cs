using Halo.Fabric.Streams.Sessions;

namespace Halo.Fabric.Streams;

/// <summary>
/// All streams of one board. With a pump the step thread itself moves the bytes while it waits; without, each link has a receiver's thread.
/// </summary>
internal sealed class StreamLinks : IDisposable
{
    private readonly StreamLink?[] _links; // by board; null for this one, and between the outer boards of a star
    private readonly string _name;
    private StreamReceiver[] _receivers = [];
    private readonly StreamPump? _pump;
    private readonly IFrameReceiver _receiver;
    private bool _stopped;

    /// <param name="name">This board's name, for its receivers' threads.</param>
    /// <param name="connections">Connections by place, owned from here on.</param>
    /// <param name="maxPayloadBytes">Largest payload of a frame.</param>
    /// <param name="receiver">Takes frames.</param>
    /// <param name="pump">Moves the bytes; null where receivers' threads do.</param>
    internal StreamLinks(string name, IReadOnlyList<StreamConnection?> connections, int maxPayloadBytes, IFrameReceiver receiver, StreamPump? pump)
    {
        _name = name;
        _receiver = receiver;
        _pump = pump;
        _links = [.. connections.Select((connection, peer) =>
            connection is null ? null : new StreamLink(connection, peer, maxPayloadBytes, receiver, blocking: pump is null))];
        pump?.Attach(_links.OfType<StreamLink>());
    }

    /// <summary>Starts the receivers' threads where there is no pump; frames come from now on.</summary>
    internal void Start()
    {
        if (_pump is null)
        {
            _receivers = [.. _links.OfType<StreamLink>().Select(link => new StreamReceiver(link, $"halo-stream-{_name}"))];
        }
    }

    /// <summary>
    /// Sends to one board, from the step thread, and returns once the kernel has it all: the thread may compute for long before it moves bytes
    /// again. While the kernel takes no more, what others send is taken: they may be waiting for just that.
    /// </summary>
    internal void Send(int peer, in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        Queue(peer, frame, payload);
        _pump?.MoveUntilSent(ref _stopped);
    }

    /// <summary>Sends to all boards that this one has links to, from the step thread.</summary>
    internal void SendToAll(in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        for (int peer = 0; peer < _links.Length; peer++)
        {
            if (_links[peer] is not null)
            {
                Queue(peer, frame, payload);
            }
        }

        _pump?.MoveUntilSent(ref _stopped);
    }

    /// <summary>Sends a short frame to all boards but one, from any thread and while receiving: it never waits for room.</summary>
    internal void SendUrgent(in StreamFrame frame, ReadOnlySpan<byte> payload, int except = -1)
    {
        for (int peer = 0; peer < _links.Length; peer++)
        {
            if (peer != except && _links[peer]?.TrySend(frame, payload, urgent: true) == false)
            {
                _receiver.OnLost(peer, "it takes nothing any more");
            }
        }

        _pump?.Wake();
    }

    /// <summary>Ends waits for room, now and later.</summary>
    internal void Stop()
    {
        Volatile.Write(ref _stopped, true);
        _pump?.Wake();
    }

    /// <summary>Ends all links and their threads.</summary>
    public void Dispose()
    {
        Stop();
        foreach (StreamReceiver receiver in _receivers)
        {
            receiver.Dispose();
        }

        foreach (StreamLink? link in _links)
        {
            link?.Dispose();
        }

        _pump?.Dispose();
    }

    private void Queue(int peer, in StreamFrame frame, ReadOnlySpan<byte> payload)
    {
        while (!_links[peer]!.TrySend(frame, payload) && !Volatile.Read(ref _stopped))
        {
            _pump!.MoveOrWait();
        }
    }
}
