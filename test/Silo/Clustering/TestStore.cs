using System.Data.Common;
using Halo.Silo.Clustering;
using Microsoft.Data.Sqlite;
using Npgsql;

namespace Halo.Silo.Tests.Clustering;

/// <summary>The databases that a test runs on.</summary>
public enum StoreKind
{
    Sqlite,
    Postgres,
}

/// <summary>A database of one test's own, empty at first.</summary>
internal sealed class TestStore : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DbProviderFactory _factory;

    private TestStore(DbProviderFactory factory, Func<TemporaryFolder, string> text)
    {
        _factory = factory;
        Store = MembershipStore.Parse(text(_folder));
    }

    internal MembershipStore Store { get; }

    internal static async Task<TestStore> MakeAsync(StoreKind kind, PostgresServer server)
    {
        if (kind == StoreKind.Sqlite)
        {
            return new TestStore(SqliteFactory.Instance, folder => folder.File("members.db"));
        }

        string database = await server.CreateDatabaseAsync();
        return new TestStore(NpgsqlFactory.Instance, _ => database);
    }

    /// <summary>One that is ready for Orleans, with the provider's view of it.</summary>
    internal static async Task<(TestStore Made, StoredQueries Queries)> ReadyAsync(StoreKind kind, PostgresServer server)
    {
        TestStore made = await MakeAsync(kind, server);
        await made.Store.InitializeAsync();
        return (made, await made.QueriesAsync());
    }

    internal Task<StoredQueries> QueriesAsync() => StoredQueries.ReadAsync(OpenAsync);

    internal Task<DbConnection> OpenAsync() => OpenAsync(create: false);

    /// <param name="statement">What to do.</param>
    /// <param name="create">Makes the file, where it is one that is not there.</param>
    internal async Task ExecuteAsync(string statement, bool create = false)
    {
        await using DbConnection connection = await OpenAsync(create);
        await using DbCommand command = connection.CreateCommand();
        command.CommandText = statement;
        await command.ExecuteNonQueryAsync();
    }

    private async Task<DbConnection> OpenAsync(bool create)
    {
        DbConnection connection = _factory.CreateConnection()!;
        connection.ConnectionString = create ? Store.ConnectionString.Replace("Mode=ReadWrite;", "", StringComparison.Ordinal) : Store.ConnectionString;
        await connection.OpenAsync();
        return connection;
    }

    public async ValueTask DisposeAsync()
    {
        await using DbConnection connection = _factory.CreateConnection()!;
        connection.ConnectionString = Store.ConnectionString;
        if (connection is SqliteConnection sqlite)
        {
            SqliteConnection.ClearPool(sqlite);
        }
        else
        {
            NpgsqlConnection.ClearPool((NpgsqlConnection)connection);
        }

        _folder.Dispose();
    }
}
