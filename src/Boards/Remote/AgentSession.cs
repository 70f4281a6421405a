using Halo.Boards.Steps;
using Halo.Fabric.Datagrams;
using Halo.Fabric.Streams.Sessions;
using Halo.Fabric.Transport;
using Halo.Inference.Model;

namespace Halo.Boards.Remote;

/// <summary>One session on a board that is not its head: first awaited, then connected and followed.</summary>
internal sealed class AgentSession : IDisposable
{
    private readonly Lock _gate = new();
    private readonly SessionRequest _request;
    private readonly BoardModel _share;
    private readonly int _threads;
    private readonly UdpPort _udpPort;
    private readonly SumsThroughGrains? _throughGrains;
    private readonly StreamConnector _connector;
    private readonly CancellationTokenSource _ending = new();
    private StepFollower? _follower;
    private bool _disposed;

    internal AgentSession(
        SessionRequest request, BoardModel share, int threads, UdpPort udpPort, StreamListener listener, SumsThroughGrains? throughGrains)
    {
        _throughGrains = throughGrains;
        _request = request;
        _share = share;
        _threads = threads;
        _udpPort = udpPort;
        StreamSession session = new(request.Id, request.Secret, request.Cipher);
        _connector = new StreamConnector(new StreamRoster(session, request.Head, request.Transport.Topology, request.Boards), request.Place, listener);
    }

    internal string Model => _request.Model;

    /// <summary>Ends when the fabric does.</summary>
    internal Task Ended => _follower?.Ended ?? Task.CompletedTask;

    internal async Task ConnectAsync(CancellationToken cancellationToken)
    {
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token);
        IReadOnlyList<StreamConnection?> connections = await _connector.ConnectAsync(either.Token);
        ITransport transport = await Task.Run(
            () => _request.Transport.Connect(
                _request.Place, _request.Head, [.. _request.Boards.Select(board => board.Board)], connections, _share.FabricSize(_request.Boards.Length), _udpPort),
            CancellationToken.None);
        if (_request.Transport.ThroughGrains)
        {
            transport = _throughGrains?.Invoke(_request.Model, _request.Place, _request.Boards.Length, transport)
                ?? throw new StepException("This board is no silo: no partial sums go from it through grains.");
        }

        lock (_gate)
        {
            if (_disposed)
            {
                transport.Dispose();
                throw new OperationCanceledException("The session was ended while its boards were being connected.");
            }

            _share.Session = new SessionInfo(_request.Transport);
            _follower = new StepFollower(_share.Config, _share, transport, _threads);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _ending.Cancel();
        _follower?.Dispose();
        _ending.Dispose();
    }
}
