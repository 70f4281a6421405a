namespace Halo.Silo.Tests.Clustering;

/// <summary>One silo as Orleans writes it.</summary>
internal sealed record MemberRow
{
    internal const int Joining = 2;
    internal const int Active = 3;
    internal const int ShuttingDown = 4;
    internal const int Dead = 6;

    internal static readonly DateTime Start = new(2030, 5, 6, 7, 8, 9, 120, DateTimeKind.Utc);

    internal string Address { get; init; } = "10.0.0.1";

    internal int Port { get; init; } = 11111;

    internal int Generation { get; init; } = 270_000_001;

    internal string SiloName { get; init; } = "b1";

    internal string HostName { get; init; } = "board-1";

    internal int Status { get; init; } = Joining;

    internal int ProxyPort { get; init; } = 30000;

    internal string? SuspectTimes { get; init; }

    internal DateTime StartTime { get; init; } = Start;

    internal DateTime IAmAliveTime { get; init; } = Start;

    /// <summary>One of several, told apart by the port.</summary>
    internal static MemberRow Number(int number) => new() { Port = 11111 + number, SiloName = $"b{number}" };
}
