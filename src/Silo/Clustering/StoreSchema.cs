using System.Data.Common;
using System.Globalization;

namespace Halo.Silo.Clustering;

/// <summary>Makes a database ready for Orleans, and writes only what is not as it should be.</summary>
internal static class StoreSchema
{
    private const string SchemaTable = "HaloMembershipSchema";

    private static readonly string[] s_orleansTables = ["OrleansQuery", "OrleansMembershipVersionTable", "OrleansMembershipTable"];

    internal static async Task PrepareAsync(StoreDatabase database, StoreScripts scripts, CancellationToken cancellationToken)
    {
        await using DbConnection connection = await database.OpenAsync(cancellationToken);
        try
        {
            await using DbTransaction transaction = await database.BeginAloneAsync(connection, cancellationToken);
            StoreCommands commands = new(connection, transaction, cancellationToken);
            await PrepareAsync(database, scripts, commands);
            await transaction.CommitAsync(cancellationToken);
        }
        catch (DbException fault)
        {
            throw database.Explain(fault);
        }
    }

    private static async Task PrepareAsync(StoreDatabase database, StoreScripts scripts, StoreCommands commands)
    {
        int version = await VersionAsync(database, commands);
        if (version > scripts.Version)
        {
            throw new MembershipStoreException(
                $"The {database.Description} has membership tables of version {version}; this program knows versions up to {scripts.Version}. "
                + "Update this program, or give it a database of its own.");
        }

        if (version < scripts.Version)
        {
            await commands.ExecuteAsync(scripts.Tables);
        }

        await RefreshQueriesAsync(scripts, commands);
        if (version < scripts.Version)
        {
            await commands.ExecuteAsync(
                $"INSERT INTO {SchemaTable} (Id, Version) VALUES (1, @Version) ON CONFLICT (Id) DO UPDATE SET Version = excluded.Version",
                ("Version", scripts.Version));
        }
    }

    /// <summary>The version of the tables in the database; 0 where there are none.</summary>
    /// <exception cref="MembershipStoreException">There are Orleans tables that someone else has made.</exception>
    private static async Task<int> VersionAsync(StoreDatabase database, StoreCommands commands)
    {
        if (await HasTableAsync(database, commands, SchemaTable))
        {
            return await commands.IntegerAsync($"SELECT coalesce(max(Version), 0) FROM {SchemaTable}");
        }

        foreach (string table in s_orleansTables)
        {
            if (await HasTableAsync(database, commands, table))
            {
                throw new MembershipStoreException(
                    $"The {database.Description} has a table {table} that this program did not make, and will not change. Give it a database of its own.");
            }
        }

        return 0;
    }

    private static async Task<bool> HasTableAsync(StoreDatabase database, StoreCommands commands, string name) =>
        await commands.IntegerAsync(database.TableCountQuery, ("Name", name)) > 0;

    private static async Task RefreshQueriesAsync(StoreScripts scripts, StoreCommands commands)
    {
        Dictionary<string, string> stored = await commands.PairsAsync("SELECT QueryKey, QueryText FROM OrleansQuery");
        foreach ((string key, string text) in scripts.Queries)
        {
            if (stored.GetValueOrDefault(key) != text)
            {
                await commands.ExecuteAsync(
                    "INSERT INTO OrleansQuery (QueryKey, QueryText) VALUES (@Key, @Text) ON CONFLICT (QueryKey) DO UPDATE SET QueryText = excluded.QueryText",
                    ("Key", key),
                    ("Text", text));
            }
        }
    }

    /// <summary>Statements of one transaction.</summary>
    private sealed class StoreCommands(DbConnection connection, DbTransaction transaction, CancellationToken cancellationToken)
    {
        internal async Task ExecuteAsync(string text, params (string Name, object Value)[] parameters)
        {
            await using DbCommand command = Make(text, parameters);
            await command.ExecuteNonQueryAsync(cancellationToken);
        }

        internal async Task<int> IntegerAsync(string text, params (string Name, object Value)[] parameters)
        {
            await using DbCommand command = Make(text, parameters);
            return Convert.ToInt32(await command.ExecuteScalarAsync(cancellationToken), CultureInfo.InvariantCulture);
        }

        internal async Task<Dictionary<string, string>> PairsAsync(string text)
        {
            await using DbCommand command = Make(text, []);
            await using DbDataReader reader = await command.ExecuteReaderAsync(cancellationToken);
            Dictionary<string, string> pairs = [];
            while (await reader.ReadAsync(cancellationToken))
            {
                pairs.Add(reader.GetString(0), reader.GetString(1));
            }

            return pairs;
        }

        private DbCommand Make(string text, (string Name, object Value)[] parameters)
        {
            DbCommand command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = text;
            foreach ((string name, object value) in parameters)
            {
                DbParameter parameter = command.CreateParameter();
                parameter.ParameterName = name;
                parameter.Value = value;
                command.Parameters.Add(parameter);
            }

            return command;
        }
    }
}
