using System.Data.Common;
using System.Net.Sockets;
using System.Security.Authentication;
using Npgsql;

namespace Halo.Silo.Clustering;

/// <summary>A PostgreSQL database, for silos on any machines.</summary>
internal sealed class PostgresDatabase(NpgsqlConnectionStringBuilder words) : StoreDatabase
{
    /// <summary>Any number, the same in all our processes: the advisory lock under which tables are made.</summary>
    private const long PrepareLock = 0x48616C6F_4D656D62;

    internal override StoreDialect Dialect => StoreDialect.Postgres;

    internal override string Invariant => "Npgsql";

    internal override string ConnectionString { get; } = words.ConnectionString;

    internal override string Description { get; } =
        $"PostgreSQL database {words.Database ?? words.Username ?? "of this user"} on {words.Host}:{words.Port}{(words.Username is { } user ? $" (user {user})" : "")}";

    internal override string TableCountQuery => "SELECT CASE WHEN to_regclass(@Name) IS NULL THEN 0 ELSE 1 END";

    internal override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection = new(ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            await connection.DisposeAsync();
            throw fault switch
            {
                DbException database => Explain(database),
                // A timeout, a name that cannot be resolved, a file of a certificate that is not there.
                SocketException or TimeoutException or IOException or AuthenticationException or ArgumentException => Unreachable(fault, fault.Message),
                _ => fault,
            };
        }
    }

    internal override async Task<DbTransaction> BeginAloneAsync(DbConnection connection, CancellationToken cancellationToken)
    {
        DbTransaction transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellationToken);
        await using DbCommand command = connection.CreateCommand();
        command.Transaction = transaction;
        command.CommandText = $"SELECT pg_advisory_xact_lock({PrepareLock})";
        await command.ExecuteNonQueryAsync(cancellationToken);
        return transaction;
    }

    internal override MembershipStoreException Explain(DbException fault)
    {
        if (fault is not PostgresException refusal)
        {
            return Unreachable(fault, fault.InnerException?.Message ?? fault.Message);
        }

        string advice = refusal.SqlState switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                "Check user and password, and that the server's pg_hba.conf lets this machine in.",
            PostgresErrorCodes.InvalidCatalogName => "Make the database on the server with createdb, or name another.",
            PostgresErrorCodes.InsufficientPrivilege =>
                "The first start makes tables: let an administrator give this user CREATE and USAGE on the schema, or make the user the database's owner.",
            PostgresErrorCodes.ReadOnlySqlTransaction => "Name the server that takes writes, not a copy of it.",
            PostgresErrorCodes.TooManyConnections => "Raise the server's max_connections, or let other programs hold fewer.",
            PostgresErrorCodes.CannotConnectNow => "The server is starting or stopping: try again.",
            _ => "Look into the server's log.",
        };
        return new MembershipStoreException($"The {Description} refuses: {refusal.MessageText} ({refusal.SqlState}). {advice}", fault);
    }

    private MembershipStoreException Unreachable(Exception fault, string reason) => new(
        $"The {Description} cannot be reached: {reason.TrimEnd('.')}. Check address and port, that the server runs and listens there (listen_addresses), "
        + "that no firewall is between, and what both sides want of TLS.",
        fault);
}
