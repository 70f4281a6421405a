using System.Net;

namespace Orleans.Runtime;

/// <summary>Names one life of a silo: endpoint and generation. Nothing listens there: a logical silo lives in this process.</summary>
#pragma warning disable CA1036 // Upstream's shape: ordered without comparison operators.
public sealed class SiloAddress : IEquatable<SiloAddress>, IComparable<SiloAddress>
#pragma warning restore CA1036
{
    private static int s_lastGeneration = (int)((DateTime.UtcNow - new DateTime(2022, 1, 1, 0, 0, 0, DateTimeKind.Utc)).Ticks / TimeSpan.TicksPerSecond);

    private SiloAddress(IPEndPoint endpoint, int generation)
    {
        Endpoint = endpoint;
        Generation = generation;
    }

    /// <summary>Address and port.</summary>
    public IPEndPoint Endpoint { get; }

    /// <summary>Grows with each start of a silo.</summary>
    public int Generation { get; }

    /// <summary>The address of no silo.</summary>
    public static SiloAddress Zero { get; } = New(new IPAddress(0), 0, 0);

    /// <summary>The address of these parts.</summary>
    public static SiloAddress New(IPEndPoint ep, int gen) => new(ep, gen);

    /// <summary>The address of these parts.</summary>
    public static SiloAddress New(IPAddress address, int port, int generation) => new(new IPEndPoint(address, port), generation);

    /// <summary>A generation later than all before it in this process.</summary>
    public static int AllocateNewGeneration() => Interlocked.Increment(ref s_lastGeneration);

    /// <summary>The form <c>address:port@generation</c>.</summary>
    public string ToParsableString() => $"{Endpoint.Address}:{Endpoint.Port}@{Generation}";

    /// <summary>Reads what <see cref="ToParsableString"/> writes.</summary>
    public static SiloAddress FromParsableString(string addr) =>
        addr.LastIndexOf('@') is > 0 and int at && IPEndPoint.TryParse(addr.AsSpan(0, at), out IPEndPoint? endpoint)
            && int.TryParse(addr.AsSpan(at + 1), out int generation)
            ? new SiloAddress(endpoint, generation)
            : throw new FormatException($"\"{addr}\" is not address:port@generation.");

    /// <inheritdoc/>
    public int CompareTo(SiloAddress? other)
    {
        if (other is null)
        {
            return 1;
        }

        int order = Generation.CompareTo(other.Generation);
        order = order != 0 ? order : Endpoint.Port.CompareTo(other.Endpoint.Port);
        return order != 0 ? order : string.CompareOrdinal(Endpoint.Address.ToString(), other.Endpoint.Address.ToString());
    }

    /// <inheritdoc/>
    public bool Equals(SiloAddress? other) => other is not null && Generation == other.Generation && Endpoint.Equals(other.Endpoint);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as SiloAddress);

    /// <inheritdoc/>
    public override int GetHashCode() => Endpoint.GetHashCode() ^ Generation;

    /// <summary>As upstream writes addresses in logs: <c>Saddress:port:generation</c>.</summary>
    public override string ToString() => $"S{Endpoint}:{Generation}";
}
