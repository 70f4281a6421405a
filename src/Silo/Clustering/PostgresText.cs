using Npgsql;

namespace Halo.Silo.Clustering;

/// <summary>Reads PostgreSQL connection strings.</summary>
internal static class PostgresText
{
    /// <summary>Connections that one silo may hold: it does little here, and a server allows 100 to all.</summary>
    private const int MostConnections = 8;

    private const string ApplicationName = "halo";

    internal static NpgsqlConnectionStringBuilder Read(string text)
    {
        try
        {
            return WithDefaults(new NpgsqlConnectionStringBuilder(text));
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or InvalidCastException or OverflowException)
        {
            // The driver's message names the word alone; what it found inside, an inner exception might repeat.
            throw new MembershipStoreException(
                $"The membership store is no PostgreSQL connection string: {fault.Message.TrimEnd('.')}. Write one such as Host=10.0.0.1;Database=halo;Username=halo;Password=….");
        }
    }

    internal static NpgsqlConnectionStringBuilder WithDefaults(NpgsqlConnectionStringBuilder words)
    {
        if (string.IsNullOrWhiteSpace(words.Host))
        {
            throw new MembershipStoreException("The membership store is a PostgreSQL database without a host; write Host=ADDRESS, or postgres://USER:PASSWORD@ADDRESS/DATABASE.");
        }

        if (!words.ShouldSerialize("Maximum Pool Size"))
        {
            words.MaxPoolSize = Math.Max(MostConnections, words.MinPoolSize);
        }

        words.ApplicationName ??= ApplicationName;
        return words;
    }
}
