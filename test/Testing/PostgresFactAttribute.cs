using System.Reflection;
using Xunit;
using Xunit.Sdk;

namespace Halo.Testing;

/// <summary>A fact that needs a PostgreSQL server and is skipped, with the reason, where none can be started.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresFactAttribute : FactAttribute
{
    public PostgresFactAttribute() => Skip = PostgresPrograms.Missing;
}

/// <summary>A theory that needs a PostgreSQL server and is skipped, with the reason, where none can be started.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PostgresTheoryAttribute : TheoryAttribute
{
    public PostgresTheoryAttribute() => Skip = PostgresPrograms.Missing;
}

/// <summary>A row of a theory that needs a PostgreSQL server and is skipped, with the reason, where none can be started.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public sealed class PostgresDataAttribute : DataAttribute
{
    private readonly object[] _row;

    /// <param name="row">The arguments, as of <see cref="InlineDataAttribute"/>.</param>
    public PostgresDataAttribute(params object[] row)
    {
        _row = row;
        Skip = PostgresPrograms.Missing;
    }

    /// <inheritdoc/>
    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => [_row];
}
