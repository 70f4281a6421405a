using Halo.Boards;
using Halo.Boards.Control;
using Halo.Boards.Control.Tls;
using Halo.Boards.Weights;
using Halo.Fabric.Liveness;
using Microsoft.Extensions.Logging;

namespace Halo.Silo.Membership;

/// <summary>What the membership needs of the head process.</summary>
internal sealed record MembershipContext
{
    /// <summary>The cluster's key.</summary>
    internal required ClusterKey Key { get; init; }

    /// <summary>The head process's name, as boards see it.</summary>
    internal required string Name { get; init; }

    /// <summary>The head process.</summary>
    internal required string Instance { get; init; }

    /// <summary>Whom the head process trusts over TLS; whom its machine trusts where null.</summary>
    internal TlsTrust? Trust { get; init; }

    /// <summary>What the head process gives of its model files.</summary>
    internal required WeightServer Weights { get; init; }

    /// <summary>Whether a board of this process has a name.</summary>
    internal required Func<string, bool> IsNameTaken { get; init; }

    /// <summary>Puts a board into service: grains may count on it when this ends.</summary>
    internal required Func<IBoard, Task> Enter { get; init; }

    /// <summary>Has everything planned anew without a board that still works; ends when nothing runs on it any more.</summary>
    internal required Func<IBoard, Task> Withdraw { get; init; }

    /// <summary>At once: no plan counts on the board any more, and steps that do end with a reason.</summary>
    internal required Action<IBoard, string> Lose { get; init; }

    /// <summary>Clears up after a board that was lost.</summary>
    internal required Func<IBoard, Task> Leave { get; init; }

    /// <summary>When silence means what.</summary>
    internal LivenessOptions Liveness { get; init; } = new();

    /// <summary>How long to wait before trying again to reach a board.</summary>
    internal TimeSpan RetryAfter { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Where changes are told.</summary>
    internal required ILogger Log { get; init; }
}
