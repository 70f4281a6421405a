using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Boards.Remote;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Hosting;

/// <summary>Asks a head process to take the board into its service, whenever it is not, for as long as the process runs.</summary>
internal sealed class JoinLoop(
    Uri head, ClusterKey key, string name, string instance, JoinRequest request, TlsTrust? trust, BoardAgent agent, ILogger log)
{
    private static readonly TimeSpan s_interval = TimeSpan.FromSeconds(1);

    private string? _said;

    internal async Task RunAsync(CancellationToken stopping)
    {
        using ControlClient client = new(head, key, name, instance, new ControlClientOptions { Trust = trust });
        using PeriodicTimer timer = new(s_interval);
        try
        {
            do
            {
                if (!agent.IsAttached)
                {
                    await TryAsync(client, stopping);
                }
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The process ends.
        }
    }

    private async Task TryAsync(ControlClient client, CancellationToken stopping)
    {
        string? reason = null;
        try
        {
            await JoinRequest.SendAsync(client, request, stopping);
        }
        catch (ControlException fault)
        {
            reason = fault.Reason ?? fault.Message;
        }

        if (reason is null)
        {
            BoardProcessLog.Joined(log, name, head);
        }
        else if (reason != _said)
        {
            BoardProcessLog.NotJoined(log, name, head, reason); // each reason is told once
        }

        _said = reason;
    }
}
