using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Halo.Silo.Clustering;

/// <summary>A SQLite file, for silos on one machine.</summary>
internal sealed class SqliteDatabase : StoreDatabase
{
    /// <summary>How long a statement waits for other processes, in seconds.</summary>
    private const int WaitSeconds = 30;

    private readonly string _path;

    /// <param name="path">The file's full path.</param>
    internal SqliteDatabase(string path)
    {
        // Orleans opens its connections itself; the native library must be known before the first.
        SQLitePCL.Batteries_V2.Init();
        _path = path;
        ConnectionString = Connection(SqliteOpenMode.ReadWrite, pooling: true);
    }

    internal override StoreDialect Dialect => StoreDialect.Sqlite;

    // Not the driver's own name: Orleans maps this one to Microsoft.Data.Sqlite, and knows no other.
    internal override string Invariant => "System.Data.SQLite";

    /// <summary>Does not make the file: one that was deleted is an error, not an empty cluster.</summary>
    internal override string ConnectionString { get; }

    internal override string Description => $"SQLite file {_path}";

    internal override string TableCountQuery => "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(@Name)";

    internal override async Task<DbConnection> OpenAsync(CancellationToken cancellationToken)
    {
        SqliteLocation.Check(_path);
        SqliteConnection connection = new(Connection(SqliteOpenMode.ReadWriteCreate, pooling: false));
        try
        {
            await connection.OpenAsync(cancellationToken);
            await RequireWalAsync(connection, cancellationToken);
            return connection;
        }
        catch (Exception fault)
        {
            await connection.DisposeAsync();
            throw fault is SqliteException sqlite ? Explain(sqlite) : fault;
        }
    }

    internal override Task<DbTransaction> BeginAloneAsync(DbConnection connection, CancellationToken cancellationToken) =>
        Task.FromResult<DbTransaction>(((SqliteConnection)connection).BeginTransaction(deferred: false));

    internal override MembershipStoreException Explain(DbException fault) => new(
        ((SqliteException)fault).SqliteErrorCode switch
        {
            SQLitePCL.raw.SQLITE_CANTOPEN or SQLitePCL.raw.SQLITE_PERM or SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_AUTH =>
                $"The {Description} cannot be opened for writing by user {Environment.UserName}. That user must be able to write the file, those beside it "
                + "that end in -wal and -shm, and the folder.",
            SQLitePCL.raw.SQLITE_NOTADB => $"The {Description} is no SQLite database. Name another file; this one is left as it is.",
            SQLitePCL.raw.SQLITE_CORRUPT => $"The {Description} is damaged. Stop all silos of the cluster, delete it, and start them again: it is made anew.",
            SQLitePCL.raw.SQLITE_FULL => $"The {Description} cannot grow: its disk is full.",
            SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED =>
                $"The {Description} was kept locked by another program for {WaitSeconds} seconds. End the program that has it open.",
            _ => $"The {Description} cannot be used: {fault.Message}",
        },
        fault);

    // With a log beside the file readers and the one writer do not wait for each other. The file remembers it. A commit is on the disk before it is
    // acknowledged (synchronous is FULL, as the driver leaves it): silos write a few rows a minute.
    private async Task RequireWalAsync(SqliteConnection connection, CancellationToken cancellationToken)
    {
        await using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"PRAGMA busy_timeout = {WaitSeconds * 1000}";
        await command.ExecuteNonQueryAsync(cancellationToken);
        command.CommandText = "PRAGMA journal_mode = WAL";
        if (await command.ExecuteScalarAsync(cancellationToken) is not "wal")
        {
            throw new MembershipStoreException(
                $"The {Description} lies where SQLite cannot share memory between processes, which it needs for a write-ahead log. Name a file on a local disk.");
        }
    }

    private string Connection(SqliteOpenMode mode, bool pooling) =>
        new SqliteConnectionStringBuilder { DataSource = _path, Mode = mode, Pooling = pooling, DefaultTimeout = WaitSeconds }.ConnectionString;
}
